// Package shims tests scripts/shims: the programs that steps find in their PATH on
// a laptop, where clusters have Spark, Hive and Hadoop.
package shims
