package signature

import (
	"bytes"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"errors"
)

// verifyV4a checks a signature of SigV4a, which is ECDSA over P-256 with a key
// that is derived from the secret.
func verifyV4a(a *Claim, secret, text string) bool {
	signature, err := hex.DecodeString(a.signature)
	if err != nil {
		return false
	}
	key, err := deriveV4a(a.accessKey, secret)
	if err != nil {
		return false
	}
	sum := sha256.Sum256([]byte(text))
	return ecdsa.VerifyASN1(&key.PublicKey, sum[:], signature)
}

// maxScalar is the order of P-256 minus two: a candidate above it is not used.
var maxScalar = []byte{
	0xff, 0xff, 0xff, 0xff, 0x00, 0x00, 0x00, 0x00, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xbc, 0xe6, 0xfa, 0xad, 0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x4f,
}

// deriveV4a derives the key pair of an access key: candidates from the counter
// mode of NIST SP 800-108 until one is small enough, plus one.
func deriveV4a(accessKey, secret string) (*ecdsa.PrivateKey, error) {
	for counter := byte(1); counter < 255; counter++ {
		h := hmac.New(sha256.New, []byte("AWS4A"+secret))
		var fixed []byte
		fixed = binary.BigEndian.AppendUint32(fixed, 1) // the block: one is all that 256 bits take
		fixed = append(fixed, algorithmV4a...)
		fixed = append(fixed, 0)
		fixed = append(fixed, accessKey...)
		fixed = append(fixed, counter)
		fixed = binary.BigEndian.AppendUint32(fixed, 256) // bits
		h.Write(fixed)
		scalar := h.Sum(nil)
		if bytes.Compare(scalar, maxScalar) > 0 {
			continue // one in four billion
		}
		for i := len(scalar) - 1; i >= 0; i-- {
			if scalar[i]++; scalar[i] != 0 {
				break
			}
		}
		return ecdsa.ParseRawPrivateKey(elliptic.P256(), scalar)
	}
	return nil, errors.New("no key can be derived from the secret")
}
