from django.http import HttpResponse
from django.shortcuts import redirect
from django.template import engines
from django.urls import include, path
from rest_framework import permissions, serializers, viewsets
from rest_framework.routers import DefaultRouter

from papers.forms import PaperForm, QuotaForm
from papers.models import Paper
from papers.policies import PaperPolicy
from s3files.direct.forms import use_request
from s3files.direct.serializers import DirectFileField, DirectUploadView

PAGE = """{% load static %}<!doctype html><html lang="en"><title>Paper</title>{{ form.media }}
<main><form method="post" enctype="multipart/form-data">{% csrf_token %}{{ form.as_div }}
<button>Save</button></form></main></html>"""


def new_paper(request):
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect("paper", form.save().pk)
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": form}, request))


def new_paper_with_quota(request):
    form = QuotaForm(request.POST or None, request.FILES or None)
    use_request(form, request)
    if request.method == "POST" and form.is_valid():
        return redirect("paper", form.save().pk)
    return HttpResponse(engines["django"].from_string(PAGE).render({"form": form}, request))


def show_paper(request, pk):
    return HttpResponse(f"Saved: {Paper.objects.get(pk=pk).title}")


class PaperSerializer(serializers.ModelSerializer):
    file = DirectFileField("papers.Paper.file", policy=PaperPolicy)

    class Meta:
        model = Paper
        fields = ["id", "title", "file"]


class PaperViewSet(viewsets.ModelViewSet):
    queryset = Paper.objects.all()
    serializer_class = PaperSerializer
    permission_classes = [permissions.IsAuthenticated]


class OpenPaperViewSet(viewsets.ModelViewSet):
    """As DRF is by default: anyone can post."""

    queryset = Paper.objects.all()
    serializer_class = PaperSerializer


class PaperUploads(DirectUploadView):
    field = "papers.Paper.file"
    policy = PaperPolicy
    permission_classes = [permissions.IsAuthenticated]


router = DefaultRouter()
router.register("papers", PaperViewSet)
router.register("open-papers", OpenPaperViewSet, basename="open-paper")

urlpatterns = [
    path("papers/new/", new_paper, name="new-paper"),
    path("papers/quota/", new_paper_with_quota, name="new-paper-with-quota"),
    path("papers/<int:pk>/", show_paper, name="paper"),
    path("api/papers/uploads/<step>/", PaperUploads.as_view(), name="paper-uploads"),
    path("api/", include(router.urls)),
    path("", include("config.urls")),
]
