// Package emrbehaviour holds the two emulations of EMR to the same behaviours:
// awsfake.EMR, on virtual time, and localemr, which runs real processes behind
// HTTP. Both are called through the SDK's client, so that neither can differ
// from the other, or from the answers of AWS that the tables write down.
//
// Where AWS documents a behaviour, the tables follow its documentation: the API
// Reference, the Management Guide, and the limits of the SDK's own comments.
// Error texts that no public source shows are ours; match codes, never texts.
//
// What only one of the emulations does (processes, logs and faults of localemr;
// hooks and lost answers of awsfake) is tested beside it.
package emrbehaviour
