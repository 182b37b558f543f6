"""Who can read which prefix: access.py and infra/ agree, for all answers and partitions.

The expectations are written out, row by row. A test that computed them would repeat the rule, and
a mistake with it.
"""

import json
import re

import pytest

from tests.alone import import_alone
from tests.conftest import TEMPLATE
from tests.hook_rules import render_file
from tests.infra.aws_cli import calls
from tests.infra.cloudformation import COMBINATIONS, Stack

access = import_alone("access")
address = import_alone("_s3.address")
names = import_alone("_s3.names")

INFRA = TEMPLATE / "<<cookiecutter.project_slug>>" / "infra"
CDN = "cdn.example.com"
STORE = "https://s3.example.net:9000"
BUCKETS = {
    "us-east-1": "https://my-site-files.s3.us-east-1.amazonaws.com",
    "cn-north-1": "https://my-site-files.s3.cn-north-1.amazonaws.com.cn",
    "eusc-de-east-1": "https://my-site-files.s3.eusc-de-east-1.amazonaws.eu",
    "us-gov-west-1": "https://my-site-files.s3.us-gov-west-1.amazonaws.com",
    "us-iso-east-1": "https://my-site-files.s3.us-iso-east-1.c2s.ic.gov",
    "us-isob-east-1": "https://my-site-files.s3.us-isob-east-1.sc2s.sgov.gov",
    "us-isof-south-1": "https://my-site-files.s3.us-isof-south-1.csp.hci.ic.gov",
    "eu-isoe-west-1": "https://my-site-files.s3.eu-isoe-west-1.cloud.adc-e.uk",
}
# The store's own: it has no region of AWS.
STORES = {"anywhere": f"{STORE}/my-site-files"}
COMMERCIAL = ("us-east-1",)

# Who reads static/, media/ and the other kind (public/, or private/ where media is public):
#   all-policy  everyone, because the bucket's policy says so
#   all-acl     everyone, because each object's ACL says so
#   cdn-policy  CloudFront alone, because the bucket's policy says so
#   cdn-own     the owner's CDN alone, in a way which the owner arranges
#   sign        nobody without a signature
#   sign-acl    the same, and whom the object's ACL names
# `sent` has the ACLs of their objects, as SHORT abbreviates them. `reads` is whom the bucket's
# policy lets read. `off` is the part of Block Public Access that must be off.
TABLE = """
acls media       static  cdn region | static     media      other      | sent     | reads    off
off  private     public  no  any    | all-policy sign       all-policy | -  -  -  | everyone policy
off  private     public  yes aws    | cdn-policy sign       cdn-policy | -  -  -  | cdn      -
off  private     public  yes other  | all-policy sign       all-policy | -  -  -  | everyone policy
off  private     private yes aws    | cdn-policy sign       cdn-policy | -  -  -  | cdn      -
off  private     private yes other  | cdn-own    sign       cdn-own    | -  -  -  | nobody   -
off  public-read public  no  any    | all-policy all-policy sign       | -  -  -  | everyone policy
off  public-read public  yes aws    | cdn-policy cdn-policy sign       | -  -  -  | cdn      -
off  public-read public  yes other  | all-policy all-policy sign       | -  -  -  | everyone policy
off  public-read private yes aws    | cdn-policy cdn-policy sign       | -  -  -  | cdn      -
off  public-read private yes other  | cdn-own    cdn-own    sign       | -  -  -  | nobody   -
on   private     public  no  any    | all-acl    sign       all-acl    | pr pv pr | nobody   acls
on   private     public  yes aws    | all-acl    sign       all-acl    | pr pv pr | cdn      acls
on   private     public  yes other  | all-acl    sign       all-acl    | pr pv pr | nobody   acls
on   private     private yes aws    | cdn-policy sign       cdn-policy | pv pv pv | cdn      -
on   private     private yes other  | cdn-own    sign       cdn-own    | pv pv pv | nobody   -
on   public-read public  no  any    | all-acl    all-acl    sign       | pr pr pv | nobody   acls
on   public-read public  yes aws    | all-acl    all-acl    sign       | pr pr pv | cdn      acls
on   public-read public  yes other  | all-acl    all-acl    sign       | pr pr pv | nobody   acls
on   public-read private yes aws    | cdn-policy cdn-policy sign       | pv pv pv | cdn      -
on   public-read private yes other  | cdn-own    cdn-own    sign       | pv pv pv | nobody   -
on   auth        public  no  any    | all-acl    sign-acl   all-acl    | pr ar pr | nobody   acls
on   auth        public  yes aws    | all-acl    sign-acl   all-acl    | pr ar pr | cdn      acls
on   auth        public  yes other  | all-acl    sign-acl   all-acl    | pr ar pr | nobody   acls
on   auth        private yes aws    | cdn-policy sign-acl   cdn-policy | pv ar pv | cdn      acls
on   auth        private yes other  | cdn-own    sign-acl   cdn-own    | pv ar pv | nobody   acls
on   owner       public  no  any    | all-acl    sign-acl   all-acl    | pr or pr | nobody   acls
on   owner       public  yes aws    | all-acl    sign-acl   all-acl    | pr or pr | cdn      acls
on   owner       public  yes other  | all-acl    sign-acl   all-acl    | pr or pr | nobody   acls
on   owner       private yes aws    | cdn-policy sign-acl   cdn-policy | pv or pv | cdn      -
on   owner       private yes other  | cdn-own    sign-acl   cdn-own    | pv or pv | nobody   -
on   control     public  no  any    | all-acl    sign-acl   all-acl    | pr oc pr | nobody   acls
on   control     public  yes aws    | all-acl    sign-acl   all-acl    | pr oc pr | cdn      acls
on   control     public  yes other  | all-acl    sign-acl   all-acl    | pr oc pr | nobody   acls
on   control     private yes aws    | cdn-policy sign-acl   cdn-policy | pv oc pv | cdn      -
on   control     private yes other  | cdn-own    sign-acl   cdn-own    | pv oc pv | nobody   -
"""
SHORT = {
    "auth": "authenticated-read",
    "owner": "bucket-owner-read",
    "control": "bucket-owner-full-control",
    "public": "public-read",
    "off": "BucketOwnerEnforced",
    "on": "BucketOwnerPreferred",
    "pr": "public-read",
    "pv": "private",
    "ar": "authenticated-read",
    "or": "bucket-owner-read",
    "oc": "bucket-owner-full-control",
    "-": "",
}


class Row:
    """One line of the table, for one region."""

    def __init__(self, line, region):
        columns = [column.split() for column in line.split("|")]
        acls, media, static, cdn, _ = columns[0]
        self.answers = {
            "object_ownership": SHORT[acls],
            "media_acl": SHORT.get(media, media),
            "static_acl": SHORT.get(static, static),
            "cdn_domain": CDN if cdn == "yes" else "",
        }
        self.region = region
        self.readers = columns[1]
        self.sent = [SHORT[acl] for acl in columns[2]]
        self.policy, self.off = columns[3]
        public_media = media == "public-read"
        self.prefixes = ["static", "media", "private" if public_media else "public"]
        self.acls = [
            self.answers["static_acl"],
            self.answers["media_acl"],
            "private" if public_media else "public-read",
        ]
        self.id = f"{region}-{'-'.join(columns[0][:4])}"

    @property
    def on_aws(self):
        return self.region in BUCKETS

    @property
    def bucket_url(self):
        return (BUCKETS | STORES)[self.region]

    def render(self, name):
        endpoint = "" if self.on_aws else STORE
        return render_file(
            INFRA / name, aws_region=self.region, endpoint_url=endpoint, **self.answers
        )

    def find(self):
        """Return what access.py says of the three prefixes."""
        place = address.Address("my-site-files", self.region, "" if self.on_aws else STORE)
        rules = access.Rules(
            "my-site-files",
            self.answers["cdn_domain"],
            self.answers["object_ownership"],
            self.answers["static_acl"],
        )
        static, *media = zip(self.prefixes, self.acls, strict=True)
        return [
            rules.static(static[0], place, static[1]),
            *(rules.media(prefix, place, acl) for prefix, acl in media),
        ]


def rows():
    for line in TABLE.splitlines()[2:]:
        regions = {
            "aws": COMMERCIAL,
            "other": [region for region in [*BUCKETS, *STORES] if region not in COMMERCIAL],
            "any": [*BUCKETS, *STORES],
        }[line.split()[4]]
        yield from (Row(line, region) for region in regions)


ROWS = list(rows())
every_row = pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
on_aws = pytest.mark.parametrize("row", [row for row in ROWS if row.on_aws], ids=lambda row: row.id)
WORDS = {
    (access.Reader.EVERYONE, access.Way.POLICY): "all-policy",
    (access.Reader.EVERYONE, access.Way.ACL): "all-acl",
    (access.Reader.CDN, access.Way.POLICY): "cdn-policy",
    (access.Reader.CDN, access.Way.NEITHER): "cdn-own",
    (access.Reader.SIGNED, access.Way.NEITHER): "sign",
    (access.Reader.SIGNED, access.Way.ACL): "sign-acl",
}


def test_the_table_has_every_combination_in_every_partition():
    regions = {names.partition(region) for region in BUCKETS}
    assert regions == {"aws", *(name for name, _ in names.PARTITIONS.values())}
    found = [(row.region, tuple(row.answers.values())) for row in ROWS]
    assert len(found) == len(set(found)) == len(COMBINATIONS) * len([*BUCKETS, *STORES])
    assert {answers for _, answers in found} == {tuple(item.values()) for item in COMBINATIONS}


@every_row
def test_each_prefix_has_the_readers_of_the_table(row):
    found = row.find()
    assert [WORDS[item.reader, item.way] for item in found] == row.readers
    assert [item.acl for item in found] == row.sent
    for item, reader in zip(found, row.readers, strict=True):
        through_cdn = row.answers["cdn_domain"] and not reader.startswith("sign")
        host = f"https://{CDN}" if through_cdn else row.bucket_url
        assert item.base_url == f"{host}/{item.prefix}/"
        assert item.needs_signature == reader.startswith("sign")


@every_row
def test_public_access_is_blocked_as_far_as_the_table_says(row):
    blocks = access.find_blocks(row.find())
    assert blocks == {
        "BlockPublicAcls": row.off != "acls",
        "IgnorePublicAcls": row.off != "acls",
        "BlockPublicPolicy": row.off != "policy",
        "RestrictPublicBuckets": row.off != "policy",
    }


def readers_of(policy):
    """Return whom a bucket policy lets read, and the prefixes."""
    allowed = [item for item in policy["Statement"] if item["Effect"] == "Allow"]
    if not allowed:
        return "nobody", []
    [statement] = allowed
    cdn = {"Service": "cloudfront.amazonaws.com"}
    reader = {"*": "everyone", str(cdn): "cdn"}[str(statement["Principal"])]
    return reader, re.findall(r":::my-site-files/(\w+)/\*", " ".join(statement["Resource"]))


def unsigned_prefixes(row):
    found = zip(row.prefixes, row.readers, strict=True)
    return [prefix for prefix, reader in found if not reader.startswith("sign")]


@on_aws
def test_the_stack_makes_the_bucket_of_the_table(row):
    stack = Stack(row.render("s3.yaml"), row.region)
    reader, prefixes = readers_of(stack.bucket_policy)
    assert reader == row.policy
    assert prefixes == ([] if reader == "nobody" else unsigned_prefixes(row))
    blocks = stack.bucket["PublicAccessBlockConfiguration"]
    assert {name: value == "true" for name, value in blocks.items()} == access.find_blocks(
        row.find()
    )
    # Nobody reads without a signature what KMS encrypted, so an open bucket does not by default.
    assert ("KMSMasterKeyID" in str(stack.resources["Bucket"])) == (row.off == "-")


@every_row
def test_the_bucket_by_hand_is_that_of_the_table(row):
    text = row.render("by-hand.md")
    made = {call.operation: call.arguments for call in calls(text)}
    policy = json.loads(made.get("put-bucket-policy", {"Policy": '{"Statement": []}'})["Policy"])
    reader, prefixes = readers_of(policy)
    assert (reader, prefixes) == (
        row.policy,
        [] if row.policy == "nobody" else unsigned_prefixes(row),
    )
    if row.on_aws:
        blocks = made["put-public-access-block"]["PublicAccessBlockConfiguration"]
        assert blocks == access.find_blocks(row.find())
        let_read = " and ".join(f"`{prefix}/*`" for prefix in unsigned_prefixes(row))
        own_cdn = row.readers[0] == "cdn-own"
        assert (f"allows only your CDN to read {let_read}." in text) == own_cdn
        assert ("It does not grant access" in text) == (row.policy == "nobody" and not own_cdn)


@on_aws
def test_the_readme_of_the_bucket_speaks_of_the_readers_of_the_table(row):
    text = row.render("README.md")
    assert ("does not encrypt with the key by default" in text) == (row.off != "-")
    everyone = row.off != "-" and row.answers["static_acl"] == "public-read"
    assert ("in this bucket everyone reads public files" in text) == everyone
    assert ("The CDN reads static and public files without credentials" in text) == (
        bool(row.answers["cdn_domain"])
        and row.policy != "cdn"
        and row.readers[0] in ("all-policy", "all-acl")
    )
    let_read = " and ".join(f"`{prefix}/*`" for prefix in unsigned_prefixes(row))
    assert (f"allow only the CDN to read {let_read}." in text) == (row.readers[0] == "cdn-own")
    assert ("### Private files through the CDN" in text) == (row.policy == "cdn")


@on_aws
def test_the_projects_readme_puts_private_reports_where_a_signature_is_needed(row):
    text = render_file(INFRA.parent / "README.md", **row.answers)
    location = re.search(r'location = "(\w+)/reports"', text)[1]
    assert location not in unsigned_prefixes(row) and location in row.prefixes
