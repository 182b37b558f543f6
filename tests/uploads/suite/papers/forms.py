from functools import partial

from django import forms

from papers.models import Paper
from papers.policies import PaperPolicy, QuotaPolicy
from s3files.direct.forms import DirectFilesField, direct_upload


class PaperForm(forms.ModelForm):
    class Meta:
        model = Paper
        fields = ["title", "file", "cover"]
        formfield_callback = partial(direct_upload, policy=PaperPolicy)


class PlainForm(forms.ModelForm):
    """One line more than without direct uploads."""

    class Meta:
        model = Paper
        fields = ["title", "file"]
        formfield_callback = direct_upload


class QuotaForm(forms.ModelForm):
    class Meta:
        model = Paper
        fields = ["title", "file"]
        formfield_callback = partial(direct_upload, policy=QuotaPolicy)


class PagesForm(forms.Form):
    pages = DirectFilesField("papers.Page.file", policy=PaperPolicy)
