package bus

import "maps"

// Logged returns what the bus of an ARN should log, the zero LogConfig for nothing.
func (s *Service) Logged(bus string) LogConfig { return (*s.logged.Load())[bus] }

// setLogged says what a bus logs from now on.
func (s *Service) setLogged(bus string, c *LogConfig) {
	for {
		old := s.logged.Load()
		if _, there := (*old)[bus]; !there && !c.wanted() {
			return
		}
		next := maps.Clone(*old)
		if delete(next, bus); c.wanted() {
			next[bus] = *c
		}
		if s.logged.CompareAndSwap(old, &next) {
			return
		}
	}
}

// wanted says whether anything is to be logged.
func (c *LogConfig) wanted() bool { return c != nil && c.Level != "" && c.Level != "OFF" }
