package records

// ClusterKey is the key of a cluster: pool.Cluster. Written when EMR has
// returned its id, by cluster.Registry for the cluster of one run and by
// pool.Store for a pool's. Read for each event, because EMR's events name only
// the cluster.
func ClusterKey(clusterID string) Key { return Key{Partition: clusterID} }

// PoolKey is the key of the set of a pool's cluster ids. Written by pool.Store.
func PoolKey(team, pool string) Key { return Key{Partition: "POOL#" + team + "#" + pool} }

// PoolsKey is the key of the set of all pools that have clusters. Written by
// pool.Store.
func PoolsKey() Key { return Key{Partition: "POOLS"} }

// StageSlotsKey is the key of the set of all runs that have been admitted and
// have not ended. Written by admission.Slots: taken in the transaction that
// admits the run, released by FinishRun and sweep.
func StageSlotsKey() Key { return Key{Partition: "SLOTS#stage"} }

// TeamSlotsKey is the key of the admitted runs of a team. Written with
// StageSlotsKey.
func TeamSlotsKey(team string) Key { return Key{Partition: "SLOTS#team#" + team} }

// PipelineSlotsKey is the key of the admitted runs of a pipeline. Written with
// StageSlotsKey.
func PipelineSlotsKey(pipeline string) Key { return Key{Partition: "SLOTS#pipeline#" + pipeline} }

// PassKey is the key of the pending and the running pass of admission. Written by
// admission.Gate: by intake, and by admit at the beginning and the end of a pass.
func PassKey() Key { return Key{Partition: "PASS"} }

// BudgetKey is the key of a token bucket of EMR calls, of one API or of the
// account. Written by emrapi.Budget before each call.
func BudgetKey(bucket string) Key { return Key{Partition: "BUDGET#" + bucket} }

// SizeKey is the key of the size that was requested for a cluster's task fleet.
// Written by resize.Sizes, for clusters that are resized.
func SizeKey(clusterID string) Key { return Key{Partition: "SIZE#" + clusterID} }

// VenvSecretKey is the key of the secret that the prefixes of stored Python libraries
// are derived from. Written once by secret.Secret, for step.Venvs.
func VenvSecretKey() Key { return Key{Partition: "SECRET#venvs"} }

// RequestSecretKey is the key of the secret that the fingerprints of requests with
// sensitive params are derived from. Written once by secret.Secret, for intake.
func RequestSecretKey() Key { return Key{Partition: "SECRET#requests"} }
