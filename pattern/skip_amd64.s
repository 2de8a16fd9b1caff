//go:build !purego

#include "textflag.h"

// What is compared with every byte, eight times over.
DATA ·quotes<>+0(SB)/8, $0x2222222222222222
GLOBL ·quotes<>(SB), RODATA|NOPTR, $8
DATA ·slashes<>+0(SB)/8, $0x5C5C5C5C5C5C5C5C
GLOBL ·slashes<>(SB), RODATA|NOPTR, $8
DATA ·cases<>+0(SB)/8, $0x2020202020202020
GLOBL ·cases<>(SB), RODATA|NOPTR, $8
DATA ·opens<>+0(SB)/8, $0x7B7B7B7B7B7B7B7B
GLOBL ·opens<>(SB), RODATA|NOPTR, $8
DATA ·closes<>+0(SB)/8, $0x7D7D7D7D7D7D7D7D
GLOBL ·closes<>(SB), RODATA|NOPTR, $8

// MASK sets a bit of to for each of the 64 bytes in lo and hi that equal those
// of what. It uses Y6, Y7 and R12.
#define MASK(lo, hi, what, to) \
	VPCMPEQB  what, lo, Y6; \
	VPCMPEQB  what, hi, Y7; \
	VPMOVMSKB Y6, to; \
	VPMOVMSKB Y7, R12; \
	SHLQ      $32, R12; \
	ORQ       R12, to

// MASKS reads 64 bytes at SI+at: quotes to R11, backslashes to DI, opening
// brackets and braces to R13, closing ones to BX.
#define MASKS(at) \
	VMOVDQU (SI)(at*1), Y0; \
	VMOVDQU 32(SI)(at*1), Y1; \
	MASK(Y0, Y1, Y8, R11); \
	MASK(Y0, Y1, Y9, DI); \
	VPOR    Y10, Y0, Y0; \
	VPOR    Y10, Y1, Y1; \
	MASK(Y0, Y1, Y11, R13); \
	MASK(Y0, Y1, Y12, BX)

// func skipRestAVX2(b []byte, i int) int
//
// SI: the text, CX: its length, DX: the place, R8: all ones if it is in a
// string, R9: 1 if the byte there is escaped, R10: how deep it is.
TEXT ·skipRestAVX2(SB), NOSPLIT, $0-40
	MOVQ         b_base+0(FP), SI
	MOVQ         b_len+8(FP), CX
	MOVQ         i+24(FP), DX
	VPBROADCASTQ ·quotes<>(SB), Y8
	VPBROADCASTQ ·slashes<>(SB), Y9
	VPBROADCASTQ ·cases<>(SB), Y10
	VPBROADCASTQ ·opens<>(SB), Y11
	VPBROADCASTQ ·closes<>(SB), Y12
	VPCMPEQB     Y13, Y13, Y13
	XORL         R8, R8
	XORL         R9, R9
	MOVL         $1, R10

block:
	LEAQ 64(DX), AX
	CMPQ AX, CX
	JGT  tail
	MASKS(DX)

judge:
	// A backslash escapes what follows unless it is escaped itself: of a row
	// of them every second one. Adding the first ones of rows at odd places to
	// the backslashes carries each of these rows to its end.
	MOVQ  DI, AX
	ORQ   R9, AX
	JZ    strings
	ANDNQ DI, R9, DI             // an escaped backslash escapes nothing
	LEAQ  (R9)(DI*2), R12        // what follows one
	MOVQ  $0x5555555555555555, AX
	ANDNQ DI, AX, R9             // those at odd places
	ANDNQ R9, R12, R9            // that begin a row
	ADDQ  DI, R9
	SETCS DI
	ADDQ  R9, R9
	XORQ  R9, AX
	ANDQ  R12, AX                // the escaped ones
	ANDNQ R11, AX, R11
	MOVBQZX DI, R9

strings:
	// Each bit becomes the parity of the quotes up to it.
	VMOVQ      R11, X6
	VPCLMULQDQ $0, X13, X6, X6
	VMOVQ      X6, AX
	XORQ       R8, AX
	MOVQ       AX, R8
	SARQ       $63, R8
	ANDNQ      R13, AX, R13
	ANDNQ      BX, AX, BX
	POPCNTQ    R13, R11
	POPCNTQ    BX, R12
	CMPQ       R12, R10
	JGE        near
	ADDQ       R11, R10
	SUBQ       R12, R10
	ADDQ       $64, DX
	CMPQ       DX, CX
	JLT        block
	JMP        none

near:
	// It may end here: look at each closing one.
	MOVQ    R10, DI

closing:
	TESTQ   BX, BX
	JZ      on
	BLSMSKQ BX, AX               // up to it
	DECQ    DI
	ANDQ    R13, AX
	POPCNTQ AX, AX
	ADDQ    DI, AX
	JZ      found
	BLSRQ   BX, BX
	JMP     closing

found:
	TZCNTQ BX, BX
	LEAQ   1(DX)(BX*1), AX
	VZEROUPPER
	MOVQ   AX, ret+32(FP)
	RET

on:
	LEAQ (DI)(R11*1), R10
	ADDQ $64, DX
	CMPQ DX, CX
	JLT  block

none:
	VZEROUPPER
	MOVQ CX, ret+32(FP)
	RET

tail:
	// The last 64 bytes, shifted so that the first one is that at DX. What is
	// shifted in is no character of interest.
	CMPQ  DX, CX
	JGE   none
	LEAQ  -64(CX), AX
	MASKS(AX)
	NEGQ  AX
	ADDQ  DX, AX
	SHRXQ AX, R11, R11
	SHRXQ AX, DI, DI
	SHRXQ AX, R13, R13
	SHRXQ AX, BX, BX
	JMP   judge

// func cpuid(leaf, sub uint32) (a, b, c, d uint32)
TEXT ·cpuid(SB), NOSPLIT, $0-24
	MOVL leaf+0(FP), AX
	MOVL sub+4(FP), CX
	CPUID
	MOVL AX, a+8(FP)
	MOVL BX, b+12(FP)
	MOVL CX, c+16(FP)
	MOVL DX, d+20(FP)
	RET

// func xgetbv() (low uint32)
TEXT ·xgetbv(SB), NOSPLIT, $0-4
	XORL CX, CX
	XGETBV
	MOVL AX, low+0(FP)
	RET
