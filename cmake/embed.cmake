# Turns a text file into a C string: cmake -DIN=viewer.html -DOUT=viewer_html.c -DNAME=yt_viewer_html
# -P embed.cmake. The bytes are written as numbers, because compilers limit the length of literals.
file(READ ${IN} hex HEX)
string(REGEX REPLACE "(................................)" "\\1\n" hex "${hex}")
string(REGEX REPLACE "([0-9a-f][0-9a-f])" "0x\\1," hex "${hex}")
file(WRITE ${OUT} "extern const char ${NAME}[];\nconst char ${NAME}[] = {\n${hex}0};\n")
