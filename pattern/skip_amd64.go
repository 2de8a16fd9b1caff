//go:build !purego

package pattern

// skipRestAVX2 does what skipRestPlain does, 64 bytes at a time: it makes a
// mask of the quotes, of which the parity says what lies within strings, and
// counts the brackets and braces outside. The text must have 64 bytes or more
// and the processor what hasAVX2 asks for.
//
//go:noescape
func skipRestAVX2(b []byte, i int) int

//go:noescape
func cpuid(leaf, sub uint32) (a, b, c, d uint32)

//go:noescape
func xgetbv() (low uint32)

var useAVX2 = hasAVX2()

// hasAVX2 says whether the processor has AVX2, carry-less multiplication and
// the bit instructions that go with them, and whether the system saves the
// wide registers.
func hasAVX2() bool {
	const (
		pclmul, popcnt, osxsave, avx = 1 << 1, 1 << 23, 1 << 27, 1 << 28 // leaf 1, ECX
		bmi1, avx2, bmi2             = 1 << 3, 1 << 5, 1 << 8            // leaf 7, EBX
		one                          = pclmul | popcnt | osxsave | avx
		seven                        = bmi1 | avx2 | bmi2
		saved                        = 1<<1 | 1<<2 // XCR0: SSE and AVX state
	)
	if last, _, _, _ := cpuid(0, 0); last < 7 {
		return false
	}
	if _, _, c, _ := cpuid(1, 0); c&one != one || xgetbv()&saved != saved {
		return false
	}
	_, b, _, _ := cpuid(7, 0)
	return b&seven == seven
}

// skipRest returns the place behind the object or array that i lies in, outside
// of any string.
func skipRest(b []byte, i int) int {
	if useAVX2 && len(b) >= 64 {
		return skipRestAVX2(b, i)
	}
	return skipRestPlain(b, i)
}
