"""s3doctor, on the S3 server of the tests."""

import io

from django.core.management import CommandError, call_command
from django.test import SimpleTestCase


class S3DoctorTests(SimpleTestCase):
    def test_media_files_pass(self):
        output = io.StringIO()
        steps = ["credentials", "bucket", "missing-key", "objects", "links"]
        call_command("s3doctor", write=True, only=steps, stdout=output, no_color=True)
        lines = output.getvalue().splitlines()
        marks = [line.split()[:2] for line in lines if line.startswith(("✓", "✗"))]
        self.assertEqual(marks, [["✓", step] for step in steps])

    def test_a_bucket_that_is_not_there(self):
        output = io.StringIO()
        with (
            self.settings(AWS_STORAGE_BUCKET_NAME="no-such-bucket"),
            self.assertRaisesMessage(CommandError, "bucket"),
        ):
            call_command("s3doctor", stdout=output)
        self.assertIn("There is no bucket no-such-bucket", output.getvalue())
