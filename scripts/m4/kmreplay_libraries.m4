dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl KMREPLAY_LIBRARIES: zlib and libyaml are required; libzstd and Check are used where pkg-config
dnl finds them.
AC_DEFUN([KMREPLAY_LIBRARIES], [
  PKG_CHECK_MODULES([ZLIB], [zlib])
  PKG_CHECK_MODULES([YAML], [yaml-0.1])

  AC_ARG_WITH([zstd],
    [AS_HELP_STRING([--without-zstd], [build without .zst and zstd trace.dat files])],
    [], [with_zstd=auto])
  kmreplay_have_zstd=no
  AS_IF([test "x$with_zstd" != xno],
    [PKG_CHECK_MODULES([ZSTD], [libzstd], [kmreplay_have_zstd=yes],
      [AS_IF([test "x$with_zstd" = xyes], [AC_MSG_ERROR([libzstd was asked for and not found])])])])
  AS_IF([test "$kmreplay_have_zstd" = yes],
    [AC_DEFINE([HAVE_ZSTD], [1], [Define to 1 if libzstd is used.])])

  PKG_CHECK_MODULES([CHECK], [check >= 0.12], [kmreplay_have_check=yes], [kmreplay_have_check=no])
  AM_CONDITIONAL([HAVE_CHECK], [test "$kmreplay_have_check" = yes])
])
