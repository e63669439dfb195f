/* cmocka with what must be included before it. */
#ifndef HG_TEST_CMOCKA_ALL_H
#define HG_TEST_CMOCKA_ALL_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include <hourglass/error.h>

#endif
