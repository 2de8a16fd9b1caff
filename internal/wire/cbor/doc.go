// Package cbor reads and writes the bodies of rpcv2Cbor: one CBOR map for the
// input of an operation, one for its output.
//
// What comes in is first looked through by [github.com/fxamacker/cbor/v2], which
// says whether it is one whole item, nested no deeper and with no more elements
// than anybody needs; only then is room made for anything. It may be spelled in
// all the ways that CBOR has: lengths that are given or left open, strings in
// chunks, numbers of any width, half floats, tags. Members that a shape does not
// have are passed over, and a null member is an absent one.
//
// What goes out has lengths that are given, floats of their own width, and
// timestamps as tag 1 with a double, which all clients understand.
package cbor

import (
	"github.com/fxamacker/cbor/v2"

	"github.com/dari-bus/dari/internal/wire/shape"
)

// The major types of CBOR, and the values of the last that are used here.
const (
	majorUint = iota
	majorNegative
	majorBytes
	majorText
	majorArray
	majorMap
	majorTag
	majorSimple
)

const (
	simpleFalse = 20
	simpleTrue  = 21
	simpleNull  = 22
	simpleNone  = 23 // undefined
	floatHalf   = 25
	floatSingle = 26
	floatDouble = 27
	openLength  = 31 // also the break at its end
)

const tagEpoch = 1

// Bounds of what is read. A list has at most maxElements elements, and what
// lists and maps come to in memory is bounded as in all dialects.
const (
	maxDepth    = 512
	maxElements = 1 << 20
)

var wellFormed = func() cbor.DecMode {
	mode, err := cbor.DecOptions{
		MaxNestedLevels:  maxDepth,
		MaxArrayElements: maxElements,
		MaxMapPairs:      maxElements,
	}.DecMode()
	if err != nil {
		panic(err) // a mistake in the options above
	}
	return mode
}()

func malformed(why string) error { return shape.Malformed("CBOR", why) }
