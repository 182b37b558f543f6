#% if cookiecutter.direct_uploads == "yes"
from django import forms
from django.db import IntegrityError, transaction
from django.urls import reverse

from s3files.direct.files import ClaimedTwice
from s3files.direct.forms import DirectFilesField, use_request

from .models import Upload
from .rules import Rules


class UploadForm(forms.Form):
    """Files that are on S3 already, or that pass through Django if JavaScript is off."""

    files = DirectFilesField("uploads.Upload.file", policy=Rules)

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = request.user
        use_request(self, request)
        field = self.fields["files"]
        # If the response is lost, the browser repeats the request.
        field.allow_claimed = True
        # What the page and its script need: the URL of the steps, the field's token, the limits.
        self.steps = reverse("s3files:begin").removesuffix("begin/")
        self.target = field.policy.token
        self.max_bytes = field.policy.max_bytes
        self.max_thumbnail_bytes = field.policy.max_thumbnail_bytes
        self.accept = field.widget.attrs["accept"]

    def save(self):
        """Return the row of each file; the same row if the request is repeated."""
        return [self._record(file) for file in self.cleaned_data["files"]]

    def _record(self, file):
        row = Upload(
            # The id of the direct upload: one upload makes one row.
            pk=file.upload.pk,
            owner=self.user,
            file=file,
            thumbnail=file.thumbnail,
            name=file.name,
            size=file.size,
            content_type=file.content_type,
        )
        try:
            # The row and its claim on the file are committed together, or not at all.
            with transaction.atomic():
                row.save(force_insert=True)
        except (ClaimedTwice, IntegrityError):
            # The response was lost, and the browser repeats the request.
            return Upload.objects.get(pk=row.pk, owner=self.user)
        return row
#% else
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import FileExtensionValidator
from django.template.defaultfilters import filesizeformat
from django.utils.translation import gettext as _

from s3files.storages import content_type

from .models import Upload

EXTENSIONS = """
    avif csv docx gif heic jpeg jpg mov mp4 pdf png svg txt webp xlsx zip
""".split()
# The limit of one file: it passes through the web server, its temporary folder and Django.
MAX_BYTES = 200 * 2**20


def check_size(file):
    if file.size > MAX_BYTES:
        sizes = {"size": filesizeformat(file.size), "most": filesizeformat(MAX_BYTES)}
        raise ValidationError(_("The file is %(size)s; the limit is %(most)s.") % sizes)


class FilesInput(forms.FileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files (Django documentation: "Uploading multiple files")."""

    widget = FilesInput
    default_validators = [FileExtensionValidator(EXTENSIONS), check_size]

    def clean(self, data, initial=None):
        return [super(FilesField, self).clean(file, initial) for file in data or [None]]


class UploadForm(forms.Form):
    files = FilesField()

    max_bytes = MAX_BYTES
    accept = ",".join(f".{one}" for one in EXTENSIONS)

    def __init__(self, *args, request, **kwargs):
        super().__init__(*args, **kwargs)
        self.user = request.user

    def save(self):
        """Store the files; return the row of each."""
        return [
            Upload.objects.create(
                owner=self.user,
                file=file,
                name=file.name,
                size=file.size,
                content_type=content_type(file.name),
            )
            for file in self.cleaned_data["files"]
        ]
#% endif
