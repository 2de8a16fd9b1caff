package pattern

func (p *Pattern) complexity(limit int) int { return 0 }
