# SPDX-License-Identifier: GPL-2.0-or-later
# Writes NR files DIR/0.yaml, DIR/1.yaml, ... made of the given YAML files by small changes: bytes,
# lines, indentation, numbers and pieces of YAML in wrong places. The same on every machine.
#
# usage: perl mutate.pl NR DIR FILE...
use strict;
use warnings;

my ($nr, $dir, @files) = @ARGV;
my $state = 1;

# A random number below $_[0] (a linear congruential generator of 31 bits).
sub below {
	$state = ($state * 1103515245 + 12345) % 2147483648;
	return int($state / 65536) % $_[0];
}

my @texts = map { open my $fh, '<:raw', $_ or die "$_: $!\n"; local $/; <$fh> } @files;
my @pieces = ("&a ", "*a", "!!int ", "!<x> ", "- ", "? ", ": ", "{", "}", "[", "]", "[[", "|\n", ">-\n",
	"\"", "'", "#", "---\n", "...\n", "%YAML 1.1\n", "\t", "\0", "\xff", "\xc3", "\xef\xbb\xbf",
	"\xf4\x90\x80\x80", "\x{1b}", "null", "~", "<<: *a\n", "slab:\n", "  max_order: 3\n", ",");
my @numbers = ("", "0", "-1", "18446744073709551615", "18446744073709551616", "4294967296", "0x",
	"0x10", "1e3", "1.5", "99999999999999999999999", "auto", "1P", "16384P", "true", "nan");

for my $i (0 .. $nr - 1) {
	my $text = $texts[$i % @texts];
	# Comments are of no interest: most of a preset's bytes.
	$text =~ s/^ *#.*\n//mg if below(4);
	for (0 .. below(4)) {
		my $at = below(length($text) + 1);
		my $kind = below(7);
		my @lines = split /^/, $text;
		my ($from, $to) = (below(@lines + 1), below(@lines + 1));
		if ($kind == 0) {
			substr($text, $at, 1) = chr(below(256)) if $at < length $text;
		} elsif ($kind == 1) {
			substr($text, $at, 0) = $pieces[below(scalar @pieces)];
		} elsif ($kind == 2) {
			my $count = 0;
			my $which = below(20);
			my $number = $numbers[below(scalar @numbers)];
			$text =~ s/\b(\d+[KMG]?)\b/$count++ == $which ? $number : $1/ge;
		} elsif ($kind == 3 && @lines) {
			splice @lines, $to % @lines, 0, $lines[$from % @lines];
			$text = join '', @lines;
		} elsif ($kind == 4 && @lines) {
			splice @lines, $from % @lines, 1;
			$text = join '', @lines;
		} elsif ($kind == 5 && @lines) {
			my $line = $from % @lines;
			$lines[$line] = (" " x below(5)) . $lines[$line] =~ s/^ +//r;
			$text = join '', @lines;
		} else {
			$text = substr($text, 0, $at);
		}
	}
	open my $fh, '>:raw', "$dir/$i.yaml" or die "$dir/$i.yaml: $!\n";
	print $fh $text;
	close $fh;
}
