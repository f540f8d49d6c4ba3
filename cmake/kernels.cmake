# src/tensor/kernels/*.c once for each instruction set, all in yt_tensor; src/tensor/isa.c chooses at
# run time. Each copy knows its name and its vector's width in floats.
file(GLOB kernel_sources CONFIGURE_DEPENDS ${CMAKE_SOURCE_DIR}/src/tensor/kernels/*.c)
# a*b + c may be one instruction here, unlike elsewhere: that is what these files are for. On the
# sources, since options of targets come before those of yt_options, which say the opposite.
# No vector is an argument between files, so how such arguments are passed is no matter (-Wno-psabi).
set_source_files_properties(${kernel_sources} PROPERTIES COMPILE_OPTIONS
  "-ffp-contract=fast;-Wno-psabi")

function(yt_kernels isa lanes)
  add_library(yt_kernels_${isa} OBJECT ${kernel_sources})
  target_link_libraries(yt_kernels_${isa} PRIVATE yt_options)
  target_compile_definitions(yt_kernels_${isa} PRIVATE YT_KERNEL_ISA=${isa} YT_LANES=${lanes})
  target_compile_options(yt_kernels_${isa} PRIVATE ${ARGN})
  if(YT_FUZZ) # they read no file, and instrumented their many copies take clang many minutes
    target_compile_options(yt_kernels_${isa} PRIVATE -O1
      -fno-sanitize=fuzzer-no-link,address,undefined)
  endif()
  target_sources(yt_tensor PRIVATE $<TARGET_OBJECTS:yt_kernels_${isa}>)
endfunction()

yt_kernels(base 4)
if(CMAKE_SYSTEM_PROCESSOR MATCHES "x86_64|AMD64")
  yt_kernels(avx2 8 -mavx2 -mfma)
  yt_kernels(avx512 16 -mavx512f -mavx512vl -mavx512dq -mavx512bw -mfma)
  if(CMOCKA_FOUND)
    # The sources of avx512 in instructions of avx2: their one test on a machine without AVX-512. No
    # program but the tests names this table, so no other links it. -O1, since nobody waits for it.
    yt_kernels(wide 16 -mavx2 -mfma -O1)
  endif()
endif()
