from django import forms

from s3files.direct.forms import DirectFilesField

from .rules import Rules


class UploadForm(forms.Form):
    """Files that are on S3 already, or that come through Django where JavaScript is off."""

    files = DirectFilesField("uploads.Upload.file", policy=Rules)

    def __init__(self, *args, user, **kwargs):
        super().__init__(*args, **kwargs)
        self.fields["files"].account = f"user:{user.pk}"
        # A browser that lost the answer asks again.
        self.fields["files"].allow_claimed = True
