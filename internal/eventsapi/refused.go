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
	refuse(archives, "CancelReplay", "CreateArchive", "DeleteArchive", "DescribeArchive", "DescribeReplay",
		"ListArchives", "ListReplays", "StartReplay", "UpdateArchive")
	refuse(endpoints, "CreateEndpoint", "DeleteEndpoint", "DescribeEndpoint", "ListEndpoints", "UpdateEndpoint")
	refuse(sources, "ActivateEventSource", "DeactivateEventSource", "DescribeEventSource", "ListEventSources")
	refuse(partners, "CreatePartnerEventSource", "DeletePartnerEventSource", "DescribePartnerEventSource",
		"ListPartnerEventSourceAccounts", "ListPartnerEventSources", "PutPartnerEvents")
	return rows
}
