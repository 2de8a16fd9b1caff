package signature

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/dari-bus/dari/internal/access"
)

// The signing algorithms.
const (
	algorithmV4  = "AWS4-HMAC-SHA256"
	algorithmV4a = "AWS4-ECDSA-P256-SHA256"
)

const (
	amzDate         = "20060102T150405Z"
	unsignedPayload = "UNSIGNED-PAYLOAD"
)

// A Claim is what a request says about who signed it, true or not. The zero
// value belongs to one that is not signed.
type Claim struct {
	// Service is the API that the request is signed for, such as "events", or "".
	Service string

	algorithm string
	accessKey string
	// scope is the credential scope, without the access key: date, region,
	// service and terminator. Signatures of SigV4a have no region in it.
	scope, date, region string
	// headers are the names of the signed headers in lower case, in their order.
	headers   []string
	signature string
	// at is when the request was signed, stamp the same as it is spelled.
	at    time.Time
	stamp string
	// presigned says that all this came in the query string; expires is how long
	// such a request is good for.
	presigned bool
	expires   time.Duration
}

// Read reads what a request claims, in its header or its query string. Neither
// is no error; credentials that cannot be read are an [*Error], and then what
// could be read is returned as well.
func Read(r *http.Request) (Claim, error) {
	if header := r.Header.Get("Authorization"); strings.HasPrefix(header, "AWS4-") {
		a, err := parseAuthorization(header)
		if err != nil {
			return a, err
		}
		a.stamp = r.Header.Get("X-Amz-Date")
		if a.stamp == "" {
			a.stamp = r.Header.Get("Date")
		}
		if a.algorithm == algorithmV4a {
			a.region = regionOfSet(r.Header.Get("X-Amz-Region-Set"))
		}
		return a, a.readTime()
	}
	if !strings.Contains(r.URL.RawQuery, "X-Amz-Credential=") {
		return Claim{}, nil
	}
	query := r.URL.Query()
	a, err := parsePresigned(query)
	if err != nil {
		return a, err
	}
	return a, a.readTime()
}

// parseAuthorization reads the Authorization header of SigV4 and SigV4a.
func parseAuthorization(header string) (Claim, error) {
	algorithm, rest, _ := strings.Cut(header, " ")
	a := Claim{algorithm: algorithm}
	var credential, headers string
	for part := range strings.SplitSeq(rest, ",") {
		name, value, _ := strings.Cut(strings.TrimSpace(part), "=")
		switch name {
		case "Credential":
			credential = value
		case "SignedHeaders":
			headers = value
		case "Signature":
			a.signature = value
		}
	}
	return a, a.fill(credential, headers)
}

// parsePresigned reads the parameters of a presigned request.
func parsePresigned(q url.Values) (Claim, error) {
	a := Claim{
		algorithm: q.Get("X-Amz-Algorithm"),
		signature: q.Get("X-Amz-Signature"),
		stamp:     q.Get("X-Amz-Date"),
		presigned: true,
	}
	if err := a.fill(q.Get("X-Amz-Credential"), q.Get("X-Amz-SignedHeaders")); err != nil {
		return a, err
	}
	if a.algorithm == algorithmV4a {
		a.region = regionOfSet(q.Get("X-Amz-Region-Set"))
	}
	seconds, err := strconv.Atoi(q.Get("X-Amz-Expires"))
	if err != nil || seconds < 1 || seconds > 7*24*60*60 {
		return a, errIncomplete("X-Amz-Expires must be a number of seconds from 1 to 604800")
	}
	a.expires = time.Duration(seconds) * time.Second
	return a, nil
}

// fill reads the credential and the list of headers into a.
func (a *Claim) fill(credential, headers string) error {
	accessKey, scope, _ := strings.Cut(credential, "/")
	parts := strings.Split(scope, "/")
	switch {
	case a.algorithm == algorithmV4 && len(parts) == 4:
		a.region, a.Service = parts[1], parts[2]
	case a.algorithm == algorithmV4a && len(parts) == 3:
		a.Service = parts[1]
	case a.algorithm == algorithmV4:
		return errIncomplete("Credential must be <access key>/<date>/<region>/<service>/aws4_request")
	case a.algorithm == algorithmV4a:
		return errIncomplete("Credential must be <access key>/<date>/<service>/aws4_request")
	default:
		return errIncomplete("the algorithm must be " + algorithmV4 + " or " + algorithmV4a)
	}
	a.accessKey, a.scope, a.date = accessKey, scope, parts[0]
	if a.region != "" && !access.IsRegion(a.region) {
		a.region = ""
		return errIncomplete("the region in Credential must consist of lower-case letters, digits and hyphens")
	}
	a.headers = strings.Split(headers, ";")
	switch {
	case accessKey == "" || a.Service == "" || parts[len(parts)-1] != "aws4_request":
		return errIncomplete("Credential must name an access key and a service, and end with aws4_request")
	case a.algorithm == algorithmV4 && a.region == "":
		return errIncomplete("Credential must name a region")
	case a.signature == "":
		return errIncomplete("there is no Signature")
	case !slices.Contains(a.headers, "host"):
		return errIncomplete("SignedHeaders must name host")
	}
	return nil
}

// readTime reads when the request was signed.
func (a *Claim) readTime() error {
	at, err := time.Parse(amzDate, a.stamp)
	if err != nil && !a.presigned {
		at, err = http.ParseTime(a.stamp) // a Date header
	}
	if err != nil {
		return errIncomplete("X-Amz-Date must be a time such as 20260129T120000Z")
	}
	a.at, a.stamp = at.UTC(), at.UTC().Format(amzDate)
	if a.date != a.stamp[:len("20060102")] {
		return errIncomplete("the date in Credential must be that of X-Amz-Date")
	}
	return nil
}

// regionOfSet picks the region of a call that is signed for several: the first
// that is no pattern.
func regionOfSet(set string) string {
	for region := range strings.SplitSeq(set, ",") {
		if region = strings.TrimSpace(region); access.IsRegion(region) {
			return region
		}
	}
	return ""
}

func errIncomplete(why string) error {
	return &Error{
		Code: "IncompleteSignatureException", QueryCode: "IncompleteSignature",
		Message: fmt.Sprintf("The credentials of the request cannot be read: %s.", why),
	}
}
