# SPDX-License-Identifier: GPL-2.0-or-later
# What the command tests share. A test is a shell script that prints TAP:
#
#	. "$top_srcdir/tests/cli/lib.sh"
#	check_golden plain info traces/formats/tgid.txt
#	check_status missing-file 3 info /nonexistent
#	check "help lists info" grep -q info "$out"
#	done_testing
#
# Commands run in $top_srcdir. A golden is the command line, its output, its messages and its exit
# status; it lies beside the script as NAME.golden. UPDATE=1 writes it anew.

: "${P:?names the program}" "${top_srcdir:?names the source tree}"
here=$(cd "$(dirname "$0")" && pwd)
cd "$top_srcdir" || exit 99
tmp=$(mktemp -d "${TMPDIR:-/tmp}/kmreplay-test.XXXXXX") || exit 99
trap 'rm -rf "$tmp"' EXIT
out=$tmp/out
err=$tmp/err
stdin=/dev/null
status=0
nr=0
unset NO_COLOR
TERM=dumb
export TERM

# pass NAME; fail NAME [FILE that explains]; skip NAME REASON
pass() {
	nr=$((nr + 1))
	echo "ok $nr - $1"
}

fail() {
	nr=$((nr + 1))
	echo "not ok $nr - $1"
	[ $# -lt 2 ] || sed 's/^/# /' "$2"
}

skip() {
	nr=$((nr + 1))
	echo "ok $nr - $1 # SKIP $2"
}

done_testing() {
	echo "1..$nr"
}

# run ARGUMENT...: the program on $stdin; leaves $out, $err and $status
run() {
	"$P" "$@" <"$stdin" >"$out" 2>"$err"
	status=$?
}

# check NAME COMMAND...: passes when COMMAND succeeds
check() {
	check_name=$1
	shift
	if "$@" >"$tmp/check" 2>&1; then
		pass "$check_name"
	else
		echo "failed: $*" >>"$tmp/check"
		fail "$check_name" "$tmp/check"
	fi
}

# check_status NAME STATUS ARGUMENT...
check_status() {
	check_name=$1
	want=$2
	shift 2
	run "$@"
	if [ "$status" -eq "$want" ]; then
		pass "$check_name"
	else
		{
			echo "kmreplay $*"
			echo "status $status, not $want"
			cat "$err"
		} >"$tmp/check"
		fail "$check_name" "$tmp/check"
	fi
}

# check_golden NAME ARGUMENT...
check_golden() {
	check_name=$1
	shift
	run "$@"
	{
		echo "\$ kmreplay $*"
		cat "$out"
		[ ! -s "$err" ] || echo "--- stderr"
		cat "$err"
		echo "--- status $status"
	} | sed "s|$tmp|TMP|g" >"$tmp/golden"
	if [ "${UPDATE-}" ]; then
		cp "$tmp/golden" "$here/$check_name.golden"
	fi
	if diff -u "$here/$check_name.golden" "$tmp/golden" >"$tmp/check" 2>&1; then
		pass "$check_name"
	else
		fail "$check_name" "$tmp/check"
	fi
}

# has_format NAME: the program reads this format
has_format() {
	"$P" help | sed -n '/^Formats/,/^$/p' | grep -q "^  $1 "
}

# command_blocks TEXT: each example of TEXT, "    $ kmreplay ..." with lines of its output, becomes
# a file $tmp/block.NN: first the arguments, lines that end in a backslash joined, then the output
command_blocks() {
	awk -v base="$tmp/block" '
		/^    \$ kmreplay / {
			file = sprintf("%s.%02d", base, ++nr)
			on = 1
			head = 1
			$0 = "    " substr($0, 16)
		}
		on && /^    / && head {
			line = substr($0, 5)
			head = sub(/ *\\$/, "", line)
			sub(/^ */, "", line)
			printf "%s%s", line, head ? " " : "\n" > file
			next
		}
		on && /^    / { print substr($0, 5) > file; next }
		on && /^$/ { next }
		{ on = 0 }' "$1"
}

# block_arguments BLOCK; can_run ARGUMENTS: false where they name what this build cannot read
block_arguments() {
	head -n 1 "$1"
}

can_run() {
	case $1 in
	*.zst) "$P" info "${1##* }" >/dev/null 2>&1 ;;
	esac
}

# check_block BLOCK: its command succeeds, and each of its lines stands in the output, in that
# order; "..." stands for any lines, and blanks at the end of a line do not count
check_block() {
	arguments=$(block_arguments "$1")
	if ! can_run "$arguments"; then
		skip "kmreplay $arguments" "built without zstd"
		return
	fi
	# shellcheck disable=SC2086 # words
	run $arguments
	tail -n +2 "$1" | grep -vx '\.\.\.' >"$tmp/lines"
	check "kmreplay $arguments" awk '
		{ sub(/ +$/, "") }
		FILENAME == ARGV[1] { want[++nr] = $0; next }
		nr && at < nr && $0 == want[at + 1] { at++ }
		END {
			if (at < nr) {
				print "not found: " want[at + 1]
				exit 1
			}
		}' "$tmp/lines" "$out"
	check "kmreplay $arguments: succeeds" test "$status" -eq 0
}
