dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl KMREPLAY_LTO: the program is optimised as a whole. Its hot path goes through four rooms, and
dnl what is inlined across them saves a tenth of a replay. The tests link the plain code of the
dnl same objects, which is quicker. After KMREPLAY_SANITIZERS: the two do not go together.
AC_DEFUN([KMREPLAY_LTO], [
  AC_ARG_ENABLE([lto],
    [AS_HELP_STRING([--disable-lto], [do not optimise the program as a whole])],
    [], [enable_lto=auto])
  LTO_CFLAGS=
  LTO_LDFLAGS=
  NO_LTO_LDFLAGS=
  AS_IF([test "x$enable_lto" != xno && test -z "$kmreplay_sanitizers"],
    [AX_CHECK_COMPILE_FLAG([-flto=auto -ffat-lto-objects],
      [LTO_CFLAGS="-flto=auto -ffat-lto-objects"
       LTO_LDFLAGS="-flto=auto"
       NO_LTO_LDFLAGS="-fno-lto"],
      [AS_IF([test "x$enable_lto" = xyes], [AC_MSG_ERROR([the compiler cannot do --enable-lto])])],
      [-Werror])])
  AC_SUBST([LTO_CFLAGS])
  AC_SUBST([LTO_LDFLAGS])
  AC_SUBST([NO_LTO_LDFLAGS])
])
