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
		Long: `Run a directory or a file as a job on a new cluster, without a pipeline file.

With --pool the run leases a warm cluster of the pool, or creates one, and leaves it in the pool: the next job with
the same pool and profile starts at once. --cluster leases this cluster of a pool, or fails.

The output of the job is printed as it arrives: stdout to stdout, stderr and messages about the run to stderr. An
interrupt (130) detaches from the run, which continues.

The exit code is that of the job. It is 1 if the run failed otherwise or was cancelled, and 2 if the command line
is wrong or the request was rejected. A job that exits with 77 had nothing to do: the run SUCCEEDED, and submit
exits with 77. As in shells, 124 means a timeout, 127 a missing program, and 128+n a program ended by signal n.

The directory is packaged and unpacked on the cluster as the working directory of the job. --include adds shared
files of the project under their paths there: lib/common.py is lib/common.py for the job.

On a stage with users the job runs as one of them (-u) with that user's permissions. The default is the only user
that you may run as. The stage checks this with your AWS identity; denied requests are recorded. See docs/access.md.

Arguments can contain templates as in pipeline files: --param day=2026-11-01 --arg '{{.Params.day}}'.`,
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
			sender, err := s.Sender(cmd.Context())
			if err != nil {
				return err
			}
			return Run(cmd.Context(), o, app.IO, s.Settings, Clients{
				Profiles: ssm.NewFromConfig(s.Config), S3: s.S3(), SQS: sqs.NewFromConfig(s.Config),
				Pools: s.Pools(), Follower: follow.New(s.Config, s.Settings), Sender: sender,
			})
		},
	}
	flags := cmd.Flags()
	flags.SortFlags = false
	flags.StringVarP(&o.Source, "directory", "d", "", "directory or file of the job, relative to the project")
	flags.StringVarP(&o.Type, "type", "t", "", "type of the job: spark, hive, bash, jar or dbt")
	flags.StringVarP(&o.User, "user", "u", app.Getenv("USER"),
		"user that the job runs as, if the stage has users; otherwise a name or e-mail address for the list of runs")
	flags.StringVarP(&o.Project, "project", "p", ".", "project root, which -d and --include are relative to")
	flags.StringArrayVar(&o.Include, "include", nil, "another file or directory of the project for the package; can be repeated")
	flags.StringVar(&o.Profile, "profile", "", "cluster profile (default small, or that of --cluster)")
	flags.StringVar(&o.Pool, "pool", "", "lease a cluster of this pool, or create one, and leave it there")
	flags.DurationVar(&o.KeepAlive, "keep-alive", 0, "how long a new cluster stays idle in the pool, 2m to 24h; without --pool in a pool of your own")
	flags.StringVar(&o.Cluster, "cluster", "", "lease this cluster of a pool, e.g. j-2AXXXXXXGAPLF")
	flags.StringVar(&o.Entry, "entry", "", "file of the directory to run (default by type: main.py, main.sql, run.sh, app.jar, …)")
	flags.StringVar(&o.Class, "class", "", "main class of a jar")
	flags.StringArrayVar(&o.Args, "arg", nil, "argument for the program; can be repeated")
	flags.StringArrayVar(&o.Conf, "conf", nil, "Spark or Hive configuration, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Vars, "var", nil, "Hive variable, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Env, "env", nil, "environment variable, as `key=value`; can be repeated")
	flags.StringArrayVar(&o.Params, "param", nil, "param for templates, as `key=value`; can be repeated")
	flags.DurationVar(&o.Timeout, "timeout", 0, "time limit of an attempt, e.g. 30m")
	flags.IntVar(&o.Retries, "retries", 0, "number of retries after a failed attempt")
	flags.StringVar(&o.Background, "background", "",
		"what to do with processes that outlive the program: fail the job, wait for them, or kill them (default fail)")
	flags.StringVar(&o.Resize, "resize", "", "minimum task units while the job runs, e.g. `task=4`")
	flags.StringArrayVar(&o.Expect, "expect", nil, "`address` that the job must write to, or it fails although it exits with 0, e.g. s3://bucket/prefix/; can be repeated")
	flags.BoolVar(&o.Detach, "detach", false, "print the id of the run and exit")
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("profile", complete.Profiles(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("pool", complete.Pools(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("cluster", complete.PoolClusters(app)))
	cobra.CheckErr(cmd.RegisterFlagCompletionFunc("background",
		cobra.FixedCompletions([]cobra.Completion{"fail", "wait", "kill"}, cobra.ShellCompDirectiveNoFileComp)))
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
