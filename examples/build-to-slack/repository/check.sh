# Says which rows of a catalog cannot be sold, and fails if there are any.
awk -F, '
  NR == 1 { next }
  $1 == "" || $2 !~ /^[0-9]+\.[0-9][0-9]$/ {
    printf "%s:%d: \"%s\": want a name and a price such as 9.90\n", FILENAME, NR, $0
    bad++
  }
  END {
    printf "%s: %d of %d articles can be sold\n", FILENAME, NR - 1 - bad, NR - 1
    exit bad > 0
  }
' "$1"
