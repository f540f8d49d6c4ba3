/* cmocka with the headers that it wants before it, and checks of yt's own error convention. */
#ifndef YT_TESTS_SUPPORT_TEST_H
#define YT_TESTS_SUPPORT_TEST_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "base/base.h"

/* The message of the last failure is exactly `text`, or holds it. */
#define assert_error(text) assert_string_equal(yt_error(), text)
#define assert_error_has(text)                                                                     \
    do {                                                                                           \
        if (!strstr(yt_error(), text))                                                             \
            fail_msg("\"%s\" is not in the message \"%s\"", text, yt_error());                     \
    } while (0)

#endif
