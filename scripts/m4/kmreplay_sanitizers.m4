dnl SPDX-License-Identifier: GPL-2.0-or-later
dnl KMREPLAY_SANITIZERS: --enable-sanitizers[=LIST], address,undefined unless LIST says otherwise.
AC_DEFUN([KMREPLAY_SANITIZERS], [
  AC_ARG_ENABLE([sanitizers],
    [AS_HELP_STRING([--enable-sanitizers@<:@=LIST@:>@],
      [build with sanitizers @<:@address,undefined@:>@])],
    [], [enable_sanitizers=no])
  AS_CASE([$enable_sanitizers],
    [no], [kmreplay_sanitizers=],
    [yes], [kmreplay_sanitizers=address,undefined],
    [kmreplay_sanitizers=$enable_sanitizers])
  AS_IF([test -n "$kmreplay_sanitizers"],
    [SAN_CFLAGS="-fsanitize=$kmreplay_sanitizers -fno-sanitize-recover=all"
     SAN_CFLAGS="$SAN_CFLAGS -fno-omit-frame-pointer"])
  AC_SUBST([SAN_CFLAGS])

  AC_ARG_ENABLE([libfuzzer],
    [AS_HELP_STRING([--enable-libfuzzer], [link the fuzz targets with clang's libFuzzer])])
  AM_CONDITIONAL([LIBFUZZER], [test "x$enable_libfuzzer" = xyes])
  AS_IF([test "x$enable_libfuzzer" = xyes],
    [SAN_CFLAGS="$SAN_CFLAGS -fsanitize=fuzzer-no-link"
     FUZZ_LDFLAGS="-fsanitize=fuzzer"])
  AC_SUBST([FUZZ_LDFLAGS])
])
