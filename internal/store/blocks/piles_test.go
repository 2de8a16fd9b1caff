package blocks

import "testing"

func TestNoOwnerKeepsOthersFromBeingMerged(t *testing.T) {
	p := NewPiles[int]()
	for i := range 3 * maxPiles {
		p.Add("many", i)
	}
	p.Add("one", -1)
	turn, n := 0, 0
	err := p.Each(func(k int) error {
		if n++; k == -1 {
			turn = n
		}
		return nil
	})
	if err != nil || turn > 2 || n != maxPiles+1 || len(p.waiting) != 0 {
		t.Errorf("the one had turn %d of %d, and %d owners wait; %v", turn, n, len(p.waiting), err)
	}
	select {
	case <-p.Wanted():
	default:
		t.Error("nobody was told that some wait")
	}
}
