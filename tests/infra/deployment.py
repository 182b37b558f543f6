"""A stack on ministack, made by CloudFormation from infra/s3.yaml."""

import json
import secrets
import time

from tests.infra.cloudformation import CERTIFICATE, ORIGIN, render

SECONDS = 60


class Deployment:
    """A stack on ministack, made by CloudFormation from infra/s3.yaml."""

    def __init__(self, server, answers):
        self.name = f"stack-{secrets.token_hex(4)}"
        self.bucket = f"bucket-{self.name}"
        self.server = server
        self.answers = answers
        self.users = []
        self.text = render(**answers, bucket_name=self.bucket)
        self.client = server.client("cloudformation")
        self.s3 = server.client("s3")

    def create(self):
        self.client.create_stack(**self._arguments(self._required()))
        self._wait_for("CREATE_COMPLETE")
        waiter = self.s3.get_waiter("bucket_exists")
        waiter.wait(Bucket=self.bucket, WaiterConfig={"Delay": 1, "MaxAttempts": 10})
        if self.answers.get("object_ownership") == "BucketOwnerPreferred":
            rules = [{"ObjectOwnership": "BucketOwnerPreferred"}]
            self.s3.put_bucket_ownership_controls(
                Bucket=self.bucket, OwnershipControls={"Rules": rules}
            )
        return self

    def update(self, **parameters):
        """Deploy again with some parameters changed; the others keep their values."""
        self.client.update_stack(**self._arguments(parameters))
        self._wait_for("UPDATE_COMPLETE")

    def delete(self):
        identifier = self._describe()["StackId"]
        self.client.delete_stack(StackName=self.name)
        # By its ID: of a stack that is deleted CloudFormation no longer knows the name.
        deadline = time.monotonic() + SECONDS
        while (status := self._describe(identifier)["StackStatus"]) == "DELETE_IN_PROGRESS":
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.05)
        assert status == "DELETE_COMPLETE"

    def changes_around_the_bucket(self):
        """{resource: action} if the stack is made again around the bucket that stayed.

        ministack finds the bucket to import and then refuses to: its check of names does
        not look at imports. So the change set of README.md is made here, and not executed.
        """
        self.client.create_change_set(
            **self._arguments(self._required()),
            ChangeSetType="CREATE",
            ChangeSetName="again",
            ImportExistingResources=True,
        )
        place = {"StackName": self.name, "ChangeSetName": "again"}
        self.client.get_waiter("change_set_create_complete").wait(
            **place, WaiterConfig={"Delay": 1}
        )
        changes = self.client.describe_change_set(**place)["Changes"]
        changes = [change["ResourceChange"] for change in changes]
        return {change["LogicalResourceId"]: change["Action"] for change in changes}

    @property
    def outputs(self):
        return {item["OutputKey"]: item["OutputValue"] for item in self._describe()["Outputs"]}

    @property
    def bucket_policy(self):
        policy = json.loads(self.s3.get_bucket_policy(Bucket=self.bucket)["Policy"])
        return {statement["Sid"]: statement for statement in policy["Statement"]}

    @property
    def distribution(self):
        arn = self.bucket_policy["CdnReads"]["Condition"]["StringEquals"]["AWS:SourceArn"]
        answer = self.server.client("cloudfront").get_distribution(Id=arn.rpartition("/")[2])
        return answer["Distribution"]["DistributionConfig"]

    def user(self, *outputs):
        """An S3 client with the managed policies of these outputs and no other right."""
        self.users.append(f"{self.name}-{secrets.token_hex(2)}")
        keys = self.server.user(self.users[-1], *(self.outputs[output] for output in outputs))
        return self.server.client("s3", **keys)

    def detach_policies(self):
        iam = self.server.client("iam")
        for user in self.users:
            for policy in iam.list_attached_user_policies(UserName=user)["AttachedPolicies"]:
                iam.detach_user_policy(UserName=user, PolicyArn=policy["PolicyArn"])

    def readable(self, keys):
        """Those of the keys that a browser without credentials can read."""
        return {key for key in keys if self.server.status(f"{self.bucket}/{key}") == 200}

    def _required(self):
        certificate = {"CertificateArn": CERTIFICATE} if self.answers.get("cdn_domain") else {}
        return {"SiteOrigins": ORIGIN, **certificate}

    def _arguments(self, parameters):
        values = [
            {"ParameterKey": name, "ParameterValue": value} for name, value in parameters.items()
        ]
        values += [
            {"ParameterKey": name, "UsePreviousValue": True}
            for name in self._required()
            if name not in parameters
        ]
        return {
            "StackName": self.name,
            "TemplateBody": self.text,
            "Capabilities": ["CAPABILITY_IAM"],
            "Parameters": values,
        }

    def _describe(self, name=""):
        return self.client.describe_stacks(StackName=name or self.name)["Stacks"][0]

    def _failures(self):
        events = self.client.describe_stack_events(StackName=self.name)["StackEvents"]
        return [
            f"{event['LogicalResourceId']}: {event.get('ResourceStatusReason', '')}"
            for event in events
            if "FAILED" in event["ResourceStatus"]
        ]

    def _wait_for(self, *wanted):
        deadline = time.monotonic() + SECONDS
        while (status := self._describe()["StackStatus"]).endswith("_IN_PROGRESS"):
            assert time.monotonic() < deadline, f"still {status}"
            time.sleep(0.05)
        assert status in wanted, self._failures()
