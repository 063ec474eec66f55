dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl KMREPLAY_WARNINGS: the warning flags of the house; --enable-werror makes them errors.
AC_DEFUN([KMREPLAY_WARNINGS], [
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--enable-werror], [treat compiler warnings as errors])])
  AX_APPEND_COMPILE_FLAGS([ \
    -Wall -Wextra -Wshadow -Wconversion -Wstrict-prototypes -Wmissing-prototypes \
    -Wundef -Wvla -Wwrite-strings -Wpointer-arith -Wimplicit-fallthrough \
    -Wswitch-enum -Wformat=2], [WARN_CFLAGS], [-Werror])
  AS_IF([test "x$enable_werror" = xyes], [WARN_CFLAGS="$WARN_CFLAGS -Werror"])
  AC_SUBST([WARN_CFLAGS])
])
