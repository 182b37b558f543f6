from django import forms

from . import rules


class FilesInput(forms.ClearableFileInput):
    allow_multiple_selected = True


class FilesField(forms.FileField):
    """Several files at once, as Django's “Uploading multiple files” shows it."""

    widget = FilesInput

    def clean(self, data, initial=None):
        files = [super(FilesField, self).clean(file, initial) for file in data or [None]]
        errors = []
        for file in files:
            try:
                rules.check_name(file.name)
                rules.check_size(file.name, file.size)
                head = file.read(rules.HEAD_BYTES)
                file.seek(0)
                rules.check_content(file.name, head)
            except forms.ValidationError as error:
                errors.append(error)
        if errors:
            raise forms.ValidationError(errors)
        return files


class UploadForm(forms.Form):
    """The upload without JavaScript: the files come through Django."""

    files = FilesField(
        max_length=255,
        widget=FilesInput(attrs={"accept": ",".join(rules.TYPES), "aria-describedby": "hint"}),
    )


class TicketForm(forms.Form):
    """What the page says of a file that it wants to send straight to S3."""

    name = forms.CharField(max_length=255)
    size = forms.IntegerField(min_value=0)

    def clean(self):
        data = super().clean()
        if not self.errors:
            rules.check_name(data["name"])
            rules.check_size(data["name"], data["size"])
        return data
