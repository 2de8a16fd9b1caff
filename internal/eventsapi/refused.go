package eventsapi

import "github.com/dari-bus/dari/internal/wire"

// refused are the operations that EventBridge has and dari does not offer.
func refused() []wire.Operation {
	const (
		archives  = "events are not archived and replayed yet"
		endpoints = "a global endpoint spans two regions of AWS, and this server stands alone"
		sources   = "partner event sources come from companies that AWS has contracts with"
		partners  = "partner event sources are offered through AWS only"
	)
	var rows []wire.Operation
	refuse := func(why string, names ...string) {
		for _, name := range names {
			rows = append(rows, wire.Refuse(name, why))
		}
	}
	reads := func(why string, names ...string) {
		for _, name := range names {
			rows = append(rows, wire.Refuse(name, why).Reads())
		}
	}
	refuse(archives, "CancelReplay", "CreateArchive", "DeleteArchive", "StartReplay", "UpdateArchive")
	reads(archives, "DescribeArchive", "DescribeReplay", "ListArchives", "ListReplays")
	refuse(endpoints, "CreateEndpoint", "DeleteEndpoint", "UpdateEndpoint")
	reads(endpoints, "DescribeEndpoint", "ListEndpoints")
	refuse(sources, "ActivateEventSource", "DeactivateEventSource")
	reads(sources, "DescribeEventSource", "ListEventSources")
	refuse(partners, "CreatePartnerEventSource", "DeletePartnerEventSource")
	reads(partners, "DescribePartnerEventSource", "ListPartnerEventSourceAccounts", "ListPartnerEventSources")
	return append(rows, wire.Refuse("PutPartnerEvents", partners).OnData())
}
