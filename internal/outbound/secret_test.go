package outbound

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html"
	"math/rand/v2"
	"net/url"
	"strconv"
	"strings"
	"testing"
	"unicode/utf16"
	"unicode/utf8"
)

// encoders are the ways in which a secret may come back.
var encoders = []func(string) string{
	func(s string) string { return s },
	func(s string) string { b, _ := json.Marshal(s); return string(b[1 : len(b)-1]) },
	func(s string) string { return everyUnit(s, `\u%04x`) },
	func(s string) string { return everyUnit(s, `\u%04X`) },
	func(s string) string { q := strconv.QuoteToASCII(s); return q[1 : len(q)-1] },
	url.QueryEscape,
	url.PathEscape,
	func(s string) string { return strings.ToLower(everyByte(s, "%%%02x")) },
	func(s string) string { return everyByte(s, "%%%02X") },
	func(s string) string { return everyByte(s, `\x%02x`) },
	html.EscapeString,
	func(s string) string { return everyRune(s, "&#%d;") },
	func(s string) string { return everyRune(s, "&#x%x;") },
	func(s string) string { return everyRune(s, "&#X%X;") },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte(s)) },
	func(s string) string { return base64.StdEncoding.EncodeToString([]byte("user:" + s)) },
	func(s string) string { return base64.RawURLEncoding.EncodeToString([]byte("id:" + s + "\n")) },
	func(s string) string {
		return base64.URLEncoding.EncodeToString([]byte(`{"client_secret":"` + s + `"}`))
	},
	func(s string) string {
		return wrapped(base64.StdEncoding.EncodeToString([]byte("someone:" + s + strings.Repeat(".", 70))))
	},
	func(s string) string { return hex.EncodeToString([]byte("key=" + s)) },
	func(s string) string { return strings.ToUpper(hex.EncodeToString([]byte(s))) },
	func(s string) string { return strings.ReplaceAll(s, "/", `\/`) },
}

func everyByte(s, format string) string {
	var b strings.Builder
	for i := range len(s) {
		fmt.Fprintf(&b, format, s[i])
	}
	return b.String()
}

func everyRune(s, format string) string {
	var b strings.Builder
	for _, r := range s {
		fmt.Fprintf(&b, format, r)
	}
	return b.String()
}

func everyUnit(s, format string) string {
	var b strings.Builder
	for _, u := range utf16.Encode([]rune(s)) {
		fmt.Fprintf(&b, format, u)
	}
	return b.String()
}

func wrapped(s string) string {
	var b strings.Builder
	for len(s) > 76 {
		b.WriteString(s[:76] + "\r\n")
		s = s[76:]
	}
	return b.String() + s
}

// attack F14: no spelling of a secret survives.
func TestSecretsAreHiddenInEverySpelling(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes its time; make test does not skip it")
	}
	for _, secret := range []string{"plainsecret123", `s3cr3t"&<x y`, "pass/word+1==", "päß-wörd", `a\b\\c\u0041%41&amp;`, "p4ss😀w0rd", "1234", "a'b\"c`d", strings.Repeat("long ", 5) + "end"} {
		for i, one := range encoders {
			for j, two := range encoders {
				spelled := two(one(secret))
				got := Secrets{"other", secret}.hide("they say <" + spelled + "> is wrong")
				rest, ok := strings.CutPrefix(got, "they say <"+hidden)
				// What ends with an ampersand may have ended before it was escaped twice.
				if !ok || rest != "> is wrong" && rest != "amp;> is wrong" {
					t.Errorf("%q by %d and %d is %q: %q", secret, i, j, spelled, got)
				}
			}
		}
	}
}

func TestWhatIsNoSecretStays(t *testing.T) {
	for _, text := range []string{
		"", "plain", `{"error":"invalid_client","error_description":"the client id app-1 is unknown"}`, "100% & more \\ + [x]", `\`, "%", "&", `\ud83d`, "%zz &nosuch;",
		"QWxhZGRpbjpvcGVuIHNlc2FtZQ== is another's", strings.Repeat("words ", 500),
	} {
		if got := (Secrets{"s3cr3t", "", " ", "p4ssw0rd"}).hide(text); got != text {
			t.Errorf("%q: %q", text, got)
		}
	}
}

// attack F14: an answer may break off in the midst of a secret.
func TestBeginningOfASecretIsHiddenAtTheEnd(t *testing.T) {
	const secret = `abc"def&ghi`
	for i, encode := range encoders {
		whole := encode(secret)
		for n := range len(whole) {
			got := Secrets{secret}.hide("it is " + whole[:n])
			if strings.Contains(got, `abc"de`) || strings.Contains(got, whole[:n]) && n > len(whole)*2/3 {
				t.Errorf("encoder %d, %d of %d bytes: %q", i, n, len(whole), got)
			}
		}
	}
	long := strings.Repeat("0123456789", quoteSource)
	if got := (Secrets{long}).Quote([]byte("it is " + long)); got != "it is "+hidden {
		t.Errorf("a secret longer than what is looked at: %q", got)
	}
}

func FuzzSecretsAreHidden(f *testing.F) {
	f.Add("plainsecret123", "before ", " after", uint64(1))
	f.Add(`s3cr3t"&<x y`, `{"secret":"`, `"}`, uint64(2))
	f.Add(`a\b\\c\u0041%41&amp;`, "%", ";", uint64(3))
	f.Add("000000", "X", "0", uint64(30))
	f.Add("0000&0\u008c", "1", "0", uint64(8))
	f.Add("000000", "00\r0", "0", uint64(205))
	f.Fuzz(func(t *testing.T, secret, before, after string, seed uint64) {
		secret = strings.TrimSpace(secret)
		if len(secret) < 6 || len(secret) > 200 || len(before)+len(after) > 500 || !utf8.ValidString(secret) || strings.ContainsRune(secret, 0) {
			return
		}
		random := rand.New(rand.NewPCG(seed, 0))
		spelled := encoders[random.IntN(len(encoders))](secret)
		if random.IntN(2) == 0 {
			// What stands before and after is apart, or the text spells something else.
			spelled, before, after = encoders[random.IntN(len(encoders))](spelled), before+" ", " "+after
		}
		if strings.Contains(before+hidden+after, spelled) {
			return
		}
		if got := (Secrets{secret}).hide(before + spelled + after); strings.Contains(got, spelled) {
			t.Errorf("%q as %q, seed %d: %q", secret, spelled, seed, got)
		}
	})
}

func BenchmarkQuote(b *testing.B) {
	secrets := Secrets{"p4ssw0rd-p4ssw0rd", "dXNlcjpwNHNzdzByZC1wNHNzdzByZA==", "eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiIxIn0.c2ln"}
	// Whoever answers chooses the text, and may know the secrets.
	hostile := Secrets{strings.Repeat(`\`, 500), strings.Repeat("A", 500), strings.Repeat("QUFB", 100) + "x"}
	for _, c := range []struct {
		name, text string
		secrets    Secrets
	}{
		{"ordinary", `{"error":"invalid_client","error_description":"no such client"} `, secrets},
		{"backslashes", `\`, hostile}, {"base64", "QUFB", hostile}, {"escapes", `\\u005c`, hostile},
	} {
		b.Run(c.name, func(b *testing.B) {
			text := []byte(strings.Repeat(c.text, quoteSource/len(c.text)))
			for b.Loop() {
				c.secrets.Quote(text)
			}
		})
	}
}
