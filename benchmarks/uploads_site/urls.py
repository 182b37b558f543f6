from django import forms
from django.conf import settings
from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.urls import include, path
from django.views.decorators.csrf import ensure_csrf_cookie

from uploads_site.models import Paper


def make_form():
    class PaperForm(forms.ModelForm):
        class Meta:
            model = Paper
            fields = ["file"]
            if settings.PEER == "ours":
                from s3files.direct.forms import direct_upload as formfield_callback

    return PaperForm


PaperForm = make_form()


@ensure_csrf_cookie
@login_required
def papers(request):
    if request.method == "GET":
        form = PaperForm()
        policy = getattr(form.fields["file"], "policy", None)
        return HttpResponse(policy.token if policy else "")
    form = PaperForm(request.POST, request.FILES)
    if not form.is_valid():
        return HttpResponse(form.errors.as_text(), status=400)
    form.save()
    return HttpResponse(status=201)


urlpatterns = [path("papers/", papers), path("", include("config.urls"))]
if settings.PEER == "s3-file-field":
    urlpatterns.insert(0, path("s3ff/", include("s3_file_field.urls")))
