#!/usr/bin/env python3
"""Calls every operation of EMR's model and checks the answers against it.

  conformance.py http://127.0.0.1:PORT

The client is botocore's and the model is the one it comes with. Every operation is
called as clients do, without its required parameters, with each parameter of a
wrong type, with each enum outside its values, and with unknown ids. The table of
docs/local.md goes to stdout, what is wrong to stderr; the exit code is 1 if
something is wrong.
"""

import json
import sys
import time

from checker import Checker

ALIVE = ("STARTING", "BOOTSTRAPPING", "RUNNING", "WAITING")
ROLES = {"ServiceRole": "EMR_DefaultRole", "JobFlowRole": "EMR_EC2_DefaultRole"}
EBS = {"EbsOptimized": True, "EbsBlockDeviceConfigs": [
    {"VolumesPerInstance": 2, "VolumeSpecification": {"VolumeType": "gp3", "SizeInGB": 100, "Iops": 3000, "Throughput": 125}}]}


def step(name, script="true", **more):
    return {"Name": name, "ActionOnFailure": "CONTINUE", "HadoopJarStep": {
        "Jar": "command-runner.jar", "Args": ["bash", "-c", script], "Properties": [{"Key": "k", "Value": "v"}]}, **more}


def fleet(kind, on_demand, spot=0, **more):
    return {"Name": kind.lower(), "InstanceFleetType": kind, "TargetOnDemandCapacity": on_demand, "TargetSpotCapacity": spot,
            "InstanceTypeConfigs": [{"InstanceType": "m5.xlarge", "WeightedCapacity": 1, "EbsConfiguration": EBS,
                                     "BidPriceAsPercentageOfOnDemandPrice": 100.0}], **more}


def group(role, count, **more):
    return {"Name": role.lower(), "InstanceRole": role, "InstanceType": "m5.xlarge", "InstanceCount": count, "Market": "ON_DEMAND",
            "EbsConfiguration": EBS, **more}


def scaling(low=1, high=3):
    return {"Constraints": {"MinCapacity": low, "MaxCapacity": high}, "Rules": [{
        "Name": "out", "Action": {"SimpleScalingPolicyConfiguration": {"ScalingAdjustment": 1, "CoolDown": 60}},
        "Trigger": {"CloudWatchAlarmDefinition": {
            "ComparisonOperator": "LESS_THAN", "MetricName": "YARNMemoryAvailablePercentage", "Period": 300, "Threshold": 15.0}}}]}


def until(check):
    """Waits for at most 30 seconds."""
    end = time.monotonic() + 30
    while not check():
        if time.monotonic() > end:
            return False
        time.sleep(0.05)
    return True


def wait(c, cluster, state):
    if not until(lambda: c.call("DescribeCluster", ClusterId=cluster)["Cluster"]["Status"]["State"] == state):
        c.problem("DescribeCluster", f"{cluster} is not {state}")


def fleets(c):
    cluster = c.call(
        "RunJobFlow", Name="fleets", ReleaseLabel="emr-7.14.0", LogUri="s3://logs/emr/", **ROLES, Tags=[{"Key": "k", "Value": "v"}],
        Applications=[{"Name": "spark"}, {"Name": "Hive"}], VisibleToAllUsers=False, EbsRootVolumeSize=20, StepConcurrencyLevel=2,
        Configurations=[{"Classification": "spark-defaults", "Properties": {"spark.master": "yarn"}}],
        BootstrapActions=[{"Name": "b", "ScriptBootstrapAction": {"Path": "/bin/true", "Args": []}}],
        AutoTerminationPolicy={"IdleTimeout": 604800}, SecurityConfiguration="ours", AutoScalingRole="EMR_AutoScaling_DefaultRole",
        ManagedScalingPolicy={"ComputeLimits": {"UnitType": "InstanceFleetUnits", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 4}},
        Steps=[step("one")],
        Instances={"InstanceFleets": [fleet("MASTER", 1), fleet("CORE", 1, LaunchSpecifications={"SpotSpecification": {
            "TimeoutDurationMinutes": 10, "TimeoutAction": "SWITCH_TO_ON_DEMAND", "AllocationStrategy": "capacity-optimized"}})],
            "KeepJobFlowAliveWhenNoSteps": True, "Ec2SubnetIds": ["subnet-1"], "Ec2KeyName": "key"})["JobFlowId"]
    c.call("DescribeJobFlows", JobFlowIds=[cluster])
    wait(c, cluster, "WAITING")
    first = c.call("ListSteps", ClusterId=cluster, StepStates=["COMPLETED"])["Steps"][0]["Id"]
    c.client.get_waiter("step_complete").wait(ClusterId=cluster, StepId=first, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    added = c.call("AddJobFlowSteps", JobFlowId=cluster, Steps=[step("two", "exit 3"), step("three", "exec sleep 600"), step("four", "exec sleep 600")])
    two, three, four = added["StepIds"]
    c.client.get_waiter("cluster_running").wait(ClusterId=cluster, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    until(lambda: c.call("DescribeStep", ClusterId=cluster, StepId=two)["Step"]["Status"]["State"] == "FAILED")
    c.call("CancelSteps", ClusterId=cluster, StepIds=[two, three, four], StepCancellationOption="TERMINATE_PROCESS")
    c.call("ListSteps", ClusterId=cluster)
    c.call("ListSteps", ClusterId=cluster, StepIds=[two])
    c.call("ModifyCluster", ClusterId=cluster, StepConcurrencyLevel=3)
    described = {f["InstanceFleetType"]: f for f in c.call("ListInstanceFleets", ClusterId=cluster)["InstanceFleets"]}
    c.call("ModifyInstanceFleet", ClusterId=cluster, InstanceFleet={
        "InstanceFleetId": described["CORE"]["Id"], "TargetOnDemandCapacity": 2, "TargetSpotCapacity": 1})
    c.call("AddInstanceFleet", ClusterId=cluster, InstanceFleet=fleet("TASK", 1, 1))
    c.call("ListInstances", ClusterId=cluster)
    c.call("ListInstances", ClusterId=cluster, InstanceFleetId=described["MASTER"]["Id"], InstanceStates=["RUNNING"])
    c.call("ListBootstrapActions", ClusterId=cluster)
    c.call("AddTags", ResourceId=cluster, Tags=[{"Key": "a", "Value": "b"}])
    c.call("RemoveTags", ResourceId=cluster, TagKeys=["a"])
    for kind, policy in (("AutoTermination", {"IdleTimeout": 604800}), ("ManagedScaling", {"ComputeLimits": {
            "UnitType": "InstanceFleetUnits", "MinimumCapacityUnits": 1, "MaximumCapacityUnits": 3, "MaximumCoreCapacityUnits": 2,
            "MaximumOnDemandCapacityUnits": 2}})):
        c.call(f"Put{kind}Policy", ClusterId=cluster, **{f"{kind}Policy": policy})
        c.call(f"Get{kind}Policy", ClusterId=cluster)
        c.call(f"Remove{kind}Policy", ClusterId=cluster)
        c.call(f"Get{kind}Policy", ClusterId=cluster)
    c.call("SetTerminationProtection", JobFlowIds=[cluster], TerminationProtected=True)
    c.refuse("TerminateJobFlows", "ValidationException", "termination protected", JobFlowIds=[cluster])
    c.call("SetTerminationProtection", JobFlowIds=[cluster], TerminationProtected=False)
    c.call("SetVisibleToAllUsers", JobFlowIds=[cluster], VisibleToAllUsers=True)
    c.call("SetUnhealthyNodeReplacement", JobFlowIds=[cluster], UnhealthyNodeReplacement=False)
    c.refuse("ListInstanceGroups", "InvalidRequestException", "mutually exclusive", ClusterId=cluster)
    c.refuse("ListInstances", "InvalidRequestException", "mutually exclusive", ClusterId=cluster, InstanceGroupTypes=["CORE"])
    c.refuse("ListInstances", "InvalidRequestException", "Instance fleet id 'if-NONE' is not valid.", ClusterId=cluster, InstanceFleetId="if-NONE")
    c.refuse("ListSteps", "InvalidRequestException", "Step id 's-NONE' is not valid.", ClusterId=cluster, StepIds=["s-NONE"])
    c.refuse("DescribeStep", "InvalidRequestException", "Step id 's-NONE' is not valid.", ClusterId=cluster, StepId="s-NONE")
    c.refuse("CancelSteps", "InvalidRequestException", "Step id 's-NONE' is not valid.", ClusterId=cluster, StepIds=["s-NONE"])
    c.refuse("AddJobFlowSteps", "ValidationException", "Runtime roles are not supported", JobFlowId=cluster, Steps=[step("role")],
             ExecutionRoleArn="arn:aws:iam::000000000000:role/job")
    c.call("TerminateJobFlows", JobFlowIds=[cluster])
    wait(c, cluster, "TERMINATED")
    c.client.get_waiter("cluster_terminated").wait(ClusterId=cluster, WaiterConfig={"Delay": 0, "MaxAttempts": 1})
    c.call("DescribeCluster", ClusterId=cluster)
    c.refuse("AddJobFlowSteps", "ValidationException", "may not be modified", JobFlowId=cluster, Steps=[step("late")])
    c.refuse("AddTags", "InvalidRequestException", "terminated", ResourceId=cluster, Tags=[{"Key": "a", "Value": "b"}])


def groups(c):
    cluster = c.call(
        "RunJobFlow", Name="groups", ReleaseLabel="emr-6.15.0", **ROLES, AutoScalingRole="EMR_AutoScaling_DefaultRole",
        Instances={"KeepJobFlowAliveWhenNoSteps": False, "InstanceGroups": [
            group("MASTER", 3), group("CORE", 2, AutoScalingPolicy=scaling())]})["JobFlowId"]
    got = c.call("DescribeCluster", ClusterId=cluster)["Cluster"]
    if not got["TerminationProtected"] or got["AutoTerminate"]:
        c.problem("RunJobFlow", "three primary nodes are not protected and kept alive")
    wait(c, cluster, "WAITING")
    listed = {g["InstanceGroupType"]: g for g in c.call("ListInstanceGroups", ClusterId=cluster)["InstanceGroups"]}
    core = listed["CORE"]["Id"]
    c.call("PutAutoScalingPolicy", ClusterId=cluster, InstanceGroupId=core, AutoScalingPolicy=scaling(1, 5))
    c.call("ListInstanceGroups", ClusterId=cluster)
    c.call("RemoveAutoScalingPolicy", ClusterId=cluster, InstanceGroupId=core)
    task = c.call("AddInstanceGroups", JobFlowId=cluster, InstanceGroups=[group("TASK", 1)])["InstanceGroupIds"][0]
    c.call("ModifyInstanceGroups", ClusterId=cluster, InstanceGroups=[{"InstanceGroupId": core, "InstanceCount": 3}])
    c.call("ModifyInstanceGroups", InstanceGroups=[{"InstanceGroupId": task, "InstanceCount": 0}])
    c.call("ListInstances", ClusterId=cluster, InstanceGroupTypes=["CORE"])
    if not until(lambda: {"MASTER": 3, "CORE": 3, "TASK": 0} == {
            g["InstanceGroupType"]: g["RunningInstanceCount"] for g in c.call("ListInstanceGroups", ClusterId=cluster)["InstanceGroups"]}):
        c.problem("ModifyInstanceGroups", "the groups do not reach their counts")
    c.call("DescribeJobFlows")
    c.call("ListClusters", ClusterStates=list(ALIVE))
    c.refuse("ListInstanceFleets", "InvalidRequestException", "mutually exclusive", ClusterId=cluster)
    c.refuse("ListInstances", "InvalidRequestException", "Instance group id 'ig-NONE' is not valid.", ClusterId=cluster, InstanceGroupId="ig-NONE")
    for change, (value, want) in {
        "ReleaseLabel": ("emr-7.99.0", "The supplied release label is invalid: emr-7.99.0."),
        "Applications": ([{"Name": "Snark"}], "Snark"),
        "SecurityConfiguration": ("none", "Security configuration with name 'none' does not exist."),
        "LogUri": ("logs", "The supplied log URI is invalid: logs."),
        "ServiceRole": ("", "ServiceRole is required"),
        "JobFlowRole": ("", "InstanceProfile is required"),
    }.items():
        request = {"Name": "refused", "ReleaseLabel": "emr-7.14.0", **ROLES, "Instances": {"InstanceGroups": [group("MASTER", 1)]}}
        c.refuse("RunJobFlow", "ValidationException", want, **{**request, change: value})
    c.refuse("RunJobFlow", "ValidationException", "EBS volume type gp9", Name="refused", ReleaseLabel="emr-7.14.0", **ROLES, Instances={
        "InstanceGroups": [{**group("MASTER", 1), "EbsConfiguration": {"EbsBlockDeviceConfigs": [
            {"VolumeSpecification": {"VolumeType": "gp9", "SizeInGB": 10}}]}}]})
    c.refuse("PutAutoScalingPolicy", "ValidationException", "MaxCapacity", ClusterId=cluster, InstanceGroupId=core, AutoScalingPolicy=scaling(5, 1))
    c.refuse("TerminateJobFlows", "ValidationException", "termination protected", JobFlowIds=[cluster])
    c.call("SetTerminationProtection", JobFlowIds=[cluster], TerminationProtected=False)
    c.call("SetKeepJobFlowAliveWhenNoSteps", JobFlowIds=[cluster], KeepJobFlowAliveWhenNoSteps=False)
    wait(c, cluster, "TERMINATED")
    c.call("DescribeJobFlows", JobFlowStates=["COMPLETED"])


def account(c):
    doc = json.dumps({"EncryptionConfiguration": {"EnableInTransitEncryption": False, "EnableAtRestEncryption": False}})
    c.call("CreateSecurityConfiguration", Name="ours", SecurityConfiguration=doc)
    c.refuse("CreateSecurityConfiguration", "InvalidRequestException", "Security configuration with name 'ours' already exists.",
             Name="ours", SecurityConfiguration=doc)
    c.refuse("CreateSecurityConfiguration", "InvalidRequestException", "JSON", Name="bad", SecurityConfiguration="{")
    c.call("DescribeSecurityConfiguration", Name="ours")
    c.call("ListSecurityConfigurations")
    c.call("CreateSecurityConfiguration", Name="more", SecurityConfiguration=doc)
    c.call("DeleteSecurityConfiguration", Name="more")
    for op in ("DescribeSecurityConfiguration", "DeleteSecurityConfiguration"):
        c.refuse(op, "InvalidRequestException", "Security configuration with name 'more' does not exist.", Name="more")
    c.call("GetBlockPublicAccessConfiguration")
    c.call("PutBlockPublicAccessConfiguration", BlockPublicAccessConfiguration={
        "BlockPublicSecurityGroupRules": True, "PermittedPublicSecurityGroupRuleRanges": [{"MinRange": 443}]})
    c.call("GetBlockPublicAccessConfiguration")
    c.call("ListReleaseLabels", Filters={"Prefix": "emr-7", "Application": "Spark"}, MaxResults=5)
    c.call("DescribeReleaseLabel", ReleaseLabel="emr-7.14.0")
    for op in ("DescribeReleaseLabel", "ListSupportedInstanceTypes"):
        c.refuse(op, "InvalidRequestException", "release label is invalid", ReleaseLabel="emr-7.99.0")
    for _ in c.client.get_paginator("list_clusters").paginate():
        pass
    token = c.call("ListSupportedInstanceTypes", ReleaseLabel="emr-7.14.0")["Marker"]
    c.call("ListSupportedInstanceTypes", ReleaseLabel="emr-7.14.0", Marker=token)


def unknown(c):
    """Ids that match nothing are errors."""
    id_, text = {"ClusterId": "j-NONE"}, "Cluster id 'j-NONE' is not valid."
    for op, more in {
        "DescribeCluster": {}, "ListSteps": {}, "ListInstances": {}, "ListInstanceGroups": {}, "ListInstanceFleets": {},
        "ListBootstrapActions": {}, "DescribeStep": {"StepId": "s-NONE"}, "CancelSteps": {"StepIds": ["s-NONE"]},
        "ModifyCluster": {"StepConcurrencyLevel": 2}, "GetAutoTerminationPolicy": {}, "PutAutoTerminationPolicy": {},
        "RemoveAutoTerminationPolicy": {}, "GetManagedScalingPolicy": {}, "RemoveManagedScalingPolicy": {},
        "ModifyInstanceFleet": {"InstanceFleet": {"InstanceFleetId": "if-NONE"}}, "AddInstanceFleet": {"InstanceFleet": fleet("TASK", 1)},
        "PutAutoScalingPolicy": {"InstanceGroupId": "ig-NONE", "AutoScalingPolicy": scaling()},
        "RemoveAutoScalingPolicy": {"InstanceGroupId": "ig-NONE"},
    }.items():
        c.refuse(op, "InvalidRequestException", text, **id_, **more)
    for op in ("AddTags", "RemoveTags"):
        c.refuse(op, "InvalidRequestException", text, ResourceId="j-NONE", **{"Tags": []} if op == "AddTags" else {"TagKeys": []})
    for op, more in {
        "TerminateJobFlows": {}, "SetTerminationProtection": {"TerminationProtected": True},
        "SetVisibleToAllUsers": {"VisibleToAllUsers": True}, "SetKeepJobFlowAliveWhenNoSteps": {"KeepJobFlowAliveWhenNoSteps": True},
        "SetUnhealthyNodeReplacement": {"UnhealthyNodeReplacement": True}, "DescribeJobFlows": {},
    }.items():
        c.refuse(op, "ValidationException", "Specified job flow ID does not exist.", JobFlowIds=["j-NONE"], **more)
    c.refuse("AddInstanceGroups", "ValidationException", "Specified job flow ID does not exist.", JobFlowId="j-NONE", InstanceGroups=[group("TASK", 1)])
    for op in ("ListClusters", "ListSecurityConfigurations"):
        c.refuse(op, "InvalidRequestException", "Marker", Marker="none")
    c.refuse("ListReleaseLabels", "InvalidRequestException", "NextToken", NextToken="none")


def faults(c):
    """Faults of EMR itself have the operation's own error."""
    c.admin("POST", [{"kind": "serverError"}])
    for op in c.model.operation_names:
        if op not in c.unsupported:
            modelled = [e.error_code for e in c.model.operation_model(op).error_shapes if e.error_code.startswith("InternalServer")]
            c.send(op, {}, (modelled or ["InternalServerException"])[0])
    c.admin("DELETE")


def table(c):
    supported = [op for op in c.model.operation_names if op not in c.unsupported]
    print("| operation | members of the answer | refuses with |")
    print("|---|---|---|")
    for op in supported:
        if not c.answers[op]:
            c.problem(op, "was never answered")
        output = c.model.operation_model(op).output_shape
        members = ", ".join(output.members) if output and output.members else "none"
        errors = [e.removesuffix("Exception") for e in sorted(c.errors[op] - {"SerializationException"})]
        print(f"| {op} | {members} | {', '.join(errors) or 'nothing'} |")
    print()
    print("Not supported:")
    line = ""
    names = sorted(c.unsupported)
    for i, op in enumerate(names):
        word = op + ("." if i == len(names) - 1 else ",")
        if len(line) + len(word) > 118:
            print(line)
            line = ""
        line = f"{line} {word}".strip()
    print(line)


def main():
    c = Checker(sys.argv[1])
    try:
        account(c)
        fleets(c)
        groups(c)
        unknown(c)
        for op in c.model.operation_names:
            c.wrong_requests(op)
        faults(c)
        table(c)
    finally:
        for problem in c.problems:
            print(problem, file=sys.stderr)
    return 1 if c.problems else 0


if __name__ == "__main__":
    sys.exit(main())
