// Package blocks keeps what comes in order of time and is looked for again, such
// as the events of logs: compressed, indexed, and dropped by the day.
//
// A [Log] holds entries of many sources, as a log group does of its streams. What
// one source brings at a time becomes a block: its texts compressed together, and
// apart from them a head with the times that the block spans and which pieces of
// text are in it. A search reads the heads of the days it is about and opens the
// blocks that may hold something. Small blocks of one source and day are merged
// into larger ones when somebody calls [Log.MergeDays]; [Piles] remember whose.
//
// # Keys
//
// All begin with the prefix; the numbers are big-endian. A day is that of UTC, and
// no block has entries of two.
//
//	d/ <log 8> <day 4>                          the size of that day's entries, in bytes
//	h/ <log 8> <day 4> <source 8> <number 8>    the head of a block
//	b/ <log 8> <day 4> <source 8> <number 8>    its entries, compressed
//
// So days that have expired, and logs that are deleted, go in a few deletions of
// ranges, whatever is in them.
//
// # Pieces of text
//
// A head has a Bloom filter of pieces of five bytes. Of any four that follow each
// other only the one with the smallest hash is in it, which is what makes it small;
// a text of eight bytes or more still always has a piece that the filter must know.
// So a filter says for any part of a text, not only for whole words, that a block
// does not hold it. Shorter texts are looked for in every block.
//
// # Memory
//
// Packing and reading take what they need from [Options.Memory], and wait for it.
// A page that is read holds at most its limits. An entry counts what it takes beside
// its text as well, so that a block has some 16,000 at most; and where a day has more
// blocks to look into than are remembered at a time, it is looked through again.
package blocks
