from functools import partial

from django import forms

from papers.policies import UserPolicy
from pictures.models import Photo
from s3files.direct.forms import direct_upload


class PhotoForm(forms.ModelForm):
    class Meta:
        model = Photo
        fields = ["title", "user", "image"]
        formfield_callback = partial(direct_upload, policy=UserPolicy)
