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
# With Hotwire Turbo: a page, and the same in a frame that is loaded into one.
TURBO_PAGE = """{% load static %}<!doctype html><html lang="en"><head><title>Turbo</title>
<script src="{% get_static_prefix %}turbo.js" defer></script>{% if not framed %}{{ form.media }}
{% endif %}</head><body><main><a href="{% url "turbo" %}">Start</a>
<a href="{% url "turbo-paper" %}">New paper</a>
<turbo-frame id="frame"><a href="{% url "turbo-paper" %}?framed=1">New paper in a frame</a>
{% if form %}{% if framed %}{{ form.media }}{% endif %}<form method="post"
action="{{ request.get_full_path }}" {% if not framed %}data-turbo-frame="_top"{% endif %}>
{% csrf_token %}{{ form.as_div }}
<button>Save</button></form>{% endif %}{% if paper %}Saved: {{ paper.title }}{% endif %}
</turbo-frame></main></body></html>"""


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


def show_with_turbo(request, pk=None):
    paper = pk and Paper.objects.get(pk=pk)
    return HttpResponse(engines["django"].from_string(TURBO_PAGE).render({"paper": paper}, request))


def new_paper_with_turbo(request):
    form = PaperForm(request.POST or None, request.FILES or None)
    if request.method == "POST" and form.is_valid():
        return redirect("turbo-saved", form.save().pk)
    page = engines["django"].from_string(TURBO_PAGE)
    context = {"form": form, "framed": "framed" in request.GET}
    # Turbo shows the answer to a form only if its status says that the form failed.
    return HttpResponse(page.render(context, request), status=422 if form.errors else 200)


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
    path("turbo/", show_with_turbo, name="turbo"),
    path("turbo/new/", new_paper_with_turbo, name="turbo-paper"),
    path("turbo/<int:pk>/", show_with_turbo, name="turbo-saved"),
    path("api/papers/uploads/<step>/", PaperUploads.as_view(), name="paper-uploads"),
    path("api/", include(router.urls)),
    path("", include("config.urls")),
]
