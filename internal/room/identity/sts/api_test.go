package sts

import (
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"

	"github.com/dari-bus/dari/internal/access"
	"github.com/dari-bus/dari/internal/room/identity/directory"
	"github.com/dari-bus/dari/internal/signature"
	"github.com/dari-bus/dari/internal/store/mem"
	"github.com/dari-bus/dari/internal/wire"
)

func TestACallerIsToldWhichAccountItActsAs(t *testing.T) {
	d, err := directory.Open(t.Context(), directory.Options{Store: mem.New(), Guard: access.Boundary{}})
	if err != nil {
		t.Fatal(err)
	}
	h, err := wire.NewHandler(wire.Options{Services: []*wire.Service{API(d)}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ key, region, account, arn string }{
		{"dari", "us-east-1", "000000000000", "arn:aws:iam::000000000000:root"},
		{"210987654321", "cn-north-1", "210987654321", "arn:aws-cn:iam::210987654321:root"},
	} {
		body := "Action=GetCallerIdentity&Version=2011-06-15"
		r := httptest.NewRequest(http.MethodPost, "http://localhost:4566/", strings.NewReader(body))
		r.Header.Set("Content-Type", "application/x-www-form-urlencoded")
		err := signature.Sign(r, []byte(body), signature.Credentials{AccessKey: c.key, Secret: "x", Region: c.region, Service: "sts"}, time.Now())
		if err != nil {
			t.Fatal(err)
		}
		w := httptest.NewRecorder()
		h.ServeHTTP(w, r)
		answer, err := io.ReadAll(w.Result().Body)
		if err != nil {
			t.Fatal(err)
		}
		for _, want := range []string{"<Account>" + c.account + "</Account>", "<Arn>" + c.arn + "</Arn>", "<UserId>" + c.account + "</UserId>"} {
			if !strings.Contains(string(answer), want) {
				t.Errorf("%s: the answer lacks %s\n%s", c.key, want, answer)
			}
		}
	}
}
