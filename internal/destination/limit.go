package destination

import (
	"time"

	"golang.org/x/time/rate"
)

// A limit is the rate limit of one API destination. All rules that call it
// share it. It lets through one second's worth at once.
type limit struct{ bucket *rate.Limiter }

func newLimit(perSecond int) *limit {
	return &limit{rate.NewLimiter(rate.Limit(perSecond), perSecond)}
}

// set changes the limit. What has been let through still counts.
func (l *limit) set(perSecond int) {
	l.bucket.SetLimit(rate.Limit(perSecond))
	l.bucket.SetBurst(perSecond)
}

// take lets one call through, or returns how long it will be until another one
// may be. Nothing is reserved: a place that is reserved and given back by many
// at once is not given back in full, and the limit would starve.
func (l *limit) take() time.Duration {
	now := time.Now()
	if l.bucket.AllowN(now, 1) {
		return 0
	}
	missing := 1 - l.bucket.TokensAt(now)
	return max(time.Duration(missing/float64(l.bucket.Limit())*float64(time.Second)), time.Millisecond)
}
