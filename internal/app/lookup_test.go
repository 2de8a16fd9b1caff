package app

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// An account sees its own calls in the event history and nobody else's, whatever it asks
// for, with keys and without; and the pages of another account are none of its own. A
// place may look up twice a second, so that each asks twice here.
func TestNobodyLooksUpTheCallsOfAnotherAccount(t *testing.T) {
	for _, keyed := range []bool{true, false} {
		t.Run(fmt.Sprint("keyed=", keyed), func(t *testing.T) {
			h := openAccounts(t, keyed)
			const first = `{"MaxResults":1}`
			looked := func(account, body string) (names []string, token string) {
				t.Helper()
				out := h.must(account, "cloudtrail.LookupEvents", body)
				for _, e := range out["Events"].([]any) {
					record := e.(map[string]any)
					if text := record["CloudTrailEvent"].(string); !strings.Contains(text, `"recipientAccountId":"`+account+`"`) || account != owner && strings.Contains(text, owner) {
						t.Errorf("%s sees %s", account, text)
					}
					names = append(names, record["EventName"].(string))
				}
				token, _ = out["NextToken"].(string)
				return names, token
			}
			_, token := looked(owner, first)
			if token == "" {
				t.Fatal("the owner's calls are on one page")
			}
			h.must(stranger, "events.ListRules", `{}`)
			if got, _ := looked(stranger, `{}`); !slices.Equal(got, []string{"ListRules"}) {
				t.Errorf("the stranger sees %v", got)
			}
			const refused = "InvalidNextTokenException"
			if status, answer := h.call(stranger, "cloudtrail.LookupEvents", `{"MaxResults":1,"NextToken":"`+token+`"}`); status != 400 || !strings.Contains(answer, refused) {
				t.Errorf("the token of another account: %d %s", status, answer)
			}
			for _, key := range []string{"ResourceName", "AccessKeyId"} {
				value := map[string]string{"ResourceName": "vault", "AccessKeyId": "AKID" + owner}[key]
				if got, _ := looked(guest, fmt.Sprintf(`{"LookupAttributes":[{"AttributeKey":%q,"AttributeValue":%q}]}`, key, value)); got != nil {
					t.Errorf("the guest sees %v by %s", got, key)
				}
			}
			if got, _ := looked(owner, `{"MaxResults":1,"NextToken":"`+token+`"}`); len(got) != 1 {
				t.Errorf("the owner's second page has %v", got)
			}
		})
	}
}
