// Package localemr is an Amazon EMR for one machine. It implements EMR's wire
// protocol (AWS JSON 1.1), states, reasons, limits, log layout and events, runs
// bootstrap actions and steps as processes, and injects EMR's failures on request.
//
// Sources: the Amazon EMR API Reference and its service model 2009-03-31; the
// EMR Management Guide, chapters "Understanding the cluster lifecycle", "Submit
// work to a cluster", "Cancel steps", "Configure cluster logging", "Monitoring
// Amazon EMR events with CloudWatch", "Troubleshoot a cluster"; the page
// "Amazon EMR endpoints and quotas" of the AWS General Reference. Error texts
// that these do not contain follow known answers of the service, and those of
// capacity failures are ours: match codes, never texts. Package emrbehaviour tests
// the same behaviours here and in awsfake.EMR.
//
// # What is real and what is not
//
// A cluster is a directory, <data>/<cluster id>, which is HOME and EPHEMR_HOME
// of its processes. Bootstrap actions run once, as on the primary instance.
// Steps with command-runner.jar run their arguments as a command line, those
// with script-runner.jar fetch a script and run it, any other jar is run by
// hadoop or java. The first two run below a process that stands for their JVM: it
// is all that SEND_INTERRUPT reaches, and it forwards nothing. The PATH of steps
// starts with the server's -bin directory. Groups, fleets and instances are records
// only; a resize takes as long as provisioning.
// Under a managed scaling policy a cluster gets a unit for each pending or running
// step. A cluster is idle when EMR would call it so: pending steps, applications
// of the yarn shim and the time of the file isbusy count, running steps do not.
// EMR uploads logs every five minutes, localemr at a step's end (see the
// fault logsLate).
//
// # Admin API
//
// It is served beside the EMR API, under /_localemr/, in JSON; durations are
// strings such as "1m30s". An invalid request is answered with 400 and
// {"error": …} and changes nothing.
//
//	GET    /_localemr/health       {"status":"ok","clusters":{"WAITING":2}}
//	GET    /_localemr/clusters     [{"id":"j-…","name":"nightly","state":"WAITING"}], oldest first, at one moment
//	GET    /_localemr/credentials/ID  keys of a cluster's instance profile, for its processes
//	GET    /_localemr/metadata/…   the part of EC2's metadata service that has these keys
//	GET    /_localemr/calls        API calls: total, sinceReset, refused (by operation), byCluster (id, operation)
//	POST   /_localemr/calls/reset  resets all but total
//	GET    /_localemr/settings     see Settings
//	PUT    /_localemr/settings     changes the settings in the request
//	GET    /_localemr/faults       the active faults, with their hits
//	POST   /_localemr/faults       adds a list of faults
//	PUT    /_localemr/faults       replaces all faults by a list
//	DELETE /_localemr/faults       removes all faults
//
// # Faults
//
// A fault is a JSON object, see Fault: a kind, globs that select where it applies,
// and how often. Examples:
//
//	[{"kind": "throttle", "op": "DescribeCluster", "count": 3},
//	 {"kind": "lostAnswer", "op": "RunJobFlow", "count": 1},
//	 {"kind": "serverError", "op": "List*", "chance": 0.2},
//	 {"kind": "capacity", "instanceType": "m5.*", "market": "SPOT"},
//	 {"kind": "bootstrapFailure", "cluster": "flights-*"},
//	 {"kind": "instanceFailure", "step": "clean#1", "delay": "2s", "state": "FAILED", "count": 1},
//	 {"kind": "eventLost", "event": "EMR Step*", "state": "COMPLETED", "chance": 0.5}]
//
// EMR's own throttling, a token bucket for each operation and one for the
// account, is the setting "throttle".
package localemr
