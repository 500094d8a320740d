package submit

import (
	"ephemr/internal/cli/complete"
	"ephemr/internal/cli/session"
	"ephemr/internal/job"
	"ephemr/internal/view/follow"

	"github.com/aws/aws-sdk-go-v2/service/sqs"
	"github.com/aws/aws-sdk-go-v2/service/ssm"
	"github.com/spf13/cobra"
)

// Command returns ephemr submit.
func Command(app *session.App) *cobra.Command {
	var o Options
	cmd := &cobra.Command{
		Use:   "submit",
		Short: "run a directory or a file as a job, without a pipeline",
		Long: `Run a directory or a file as a job on a cluster of its own, without a pipeline file.

With --pool the cluster is taken from that pool if one is warm, and left there afterwards: the next job with
the same pool and profile begins at once. --cluster takes that very cluster of a pool, or says why it cannot.

What the job prints comes out here as it prints it: stdout on stdout, stderr and everything about the run
on stderr. An interrupt detaches from the run, which goes on (130).

The exit code is the job's own. It is 1 when the run failed otherwise or was cancelled, and 2 when the
command line is wrong or the request was rejected. A job that exits 77 says that there was nothing to do:
the run SUCCEEDED, and 77 comes out here. The runner adds, as shells do, 124 for a timeout, 127 for
a program that is not there and 128+n for one that signal n ended.

The directory is packaged and unpacked on the cluster as the job's working directory. --include adds shared
files of the project under the paths they have there: lib/common.py is lib/common.py for the job.

On a stage with users the job runs as one of them (-u), with that user's rights; without -u as the only one that
you may be. Who you are decides that: the stage refuses, and records, what you may not. See docs/access.md.

Arguments can use templates as in pipeline files: --param day=2026-11-01 --arg '{{.Params.day}}'.`,
		Example: `  ephemr submit -d jobs/hive_job -t hive -u etl -p .
  ephemr submit -d jobs/hive_job -t hive --pool adhoc --keep-alive 30m
  ephemr submit -d jobs/clean -t spark --include lib/common.py --include conf/
  ephemr submit -d jobs/clean/main.py -t spark --arg --date --arg 2026-11-01 --conf spark.executor.memory=4g`,
		Args: cobra.NoArgs,
		RunE: func(cmd *cobra.Command, _ []string) error {
			o.JSON, o.AsUser = app.JSON(), cmd.Flags().Changed("user")
			s, err := app.Session(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, s.Settings, Clients{
				Profiles: ssm.NewFromConfig(s.Config), S3: s.S3(), SQS: sqs.NewFromConfig(s.Config),
				Pools: s.Pools(), Follower: follow.New(s.Config, s.Settings),
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.Source, "directory", "d", "", "directory or file of the job, relative to the project")
	flags.StringVarP(&o.Type, "type", "t", "", "type of the job: spark, hive, bash or jar")
	flags.StringVarP(&o.User, "user", "u", app.Getenv("USER"),
		"user that the job runs as, where the stage has users; else a name or an e-mail address to list the run under")
	flags.StringVarP(&o.Project, "project", "p", ".", "project root, which -d and --include are relative to")
	flags.StringArrayVar(&o.Include, "include", nil, "file or directory of the project that the job needs too; can be repeated")
	flags.StringVar(&o.Profile, "profile", "", "cluster profile (default small; with --cluster that cluster's)")
	flags.StringVar(&o.Pool, "pool", "", "take the cluster from this pool, or make one, and leave it there")
	flags.DurationVar(&o.KeepAlive, "keep-alive", 0, "how long a cluster that the job makes waits for the next, 2m to 24h; without --pool in a pool of your own")
	flags.StringVar(&o.Cluster, "cluster", "", "run on this cluster of a pool, e.g. j-2AXXXXXXGAPLF")
	flags.StringVar(&o.Entry, "entry", "", "file of the directory to run (default by type: main.py, main.sql, run.sh, app.jar, …)")
	flags.StringVar(&o.Class, "class", "", "main class of a jar")
	flags.StringArrayVar(&o.Args, "arg", nil, "argument for the program; can be repeated")
	flags.StringArrayVar(&o.Conf, "conf", nil, "Spark or Hive configuration, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Vars, "var", nil, "Hive variable, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Env, "env", nil, "environment variable, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Params, "param", nil, "param for templates, as `key=value`; can be repeated")
	flags.DurationVar(&o.Timeout, "timeout", 0, "longest time for an attempt, e.g. 30m")
	flags.IntVar(&o.Retries, "retries", 0, "attempts after a failed one")
	flags.StringVar(&o.Resize, "resize", "", "what the cluster has while the job is tried, as `task=4`: task units at least")
	flags.BoolVar(&o.Detach, "detach", false, "print the run's id and leave")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("profile", complete.Profiles(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("pool", complete.Pools(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("cluster", complete.PoolClusters(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("type", func(*cobra.Command, []string, string) ([]cobra.Completion, cobra.ShellCompDirective) {
		var all []cobra.Completion
		for _, t := range job.Types() {
			if t != job.Quality {
				all = append(all, string(t))
			}
		}
		return all, cobra.ShellCompDirectiveNoFileComp
	}))
	return cmd
}
