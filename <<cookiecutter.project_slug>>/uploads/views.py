import time
from functools import wraps

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.cache import cache
from django.core.exceptions import ValidationError
from django.http import JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.views.decorators.http import require_POST
from django.views.generic import DeleteView, ListView

from . import direct, rules
from .forms import TicketForm, UploadForm
from .models import Upload

# Uploads that a user may begin in a minute.
PER_MINUTE = 120


class OwnUploadsMixin(LoginRequiredMixin):
    """Everybody sees, and deletes, their own files alone."""

    def get_queryset(self):
        return Upload.objects.filter(owner=self.request.user)


class UploadList(OwnUploadsMixin, ListView):
    template_name = "uploads/list.html"
    paginate_by = 60

    def get_context_data(self, **kwargs):
        return super().get_context_data(
            form=kwargs.pop("form", None) or UploadForm(),
            max_bytes=rules.MAX_BYTES,
            types=[extension.lstrip(".") for extension in rules.TYPES],
            public=settings.S3_MEDIA_ACL == "public-read",
            **kwargs,
        )

    def post(self, request):
        """The upload without JavaScript; with it, app.js uses `sign` and `complete`."""
        form = UploadForm(request.POST, request.FILES)
        if form.is_valid() and over_limit(request.user):
            form.add_error("files", "Too many uploads at once. Please wait a minute.")
        if not form.is_valid():
            self.object_list = self.get_queryset()
            return self.render_to_response(self.get_context_data(form=form), status=400)
        for file in form.cleaned_data["files"]:
            upload = Upload(
                owner=request.user,
                name=file.name,
                size=file.size,
                content_type=rules.content_type(file.name),
            )
            upload.file.save(file.name, file, save=False)
            upload.record()
            messages.success(request, f"{file.name} is uploaded.")
        return redirect("uploads")


class UploadDelete(OwnUploadsMixin, DeleteView):
    template_name = "uploads/confirm_delete.html"
    success_url = reverse_lazy("uploads")

    def form_valid(self, form):
        messages.success(self.request, f"{self.object.name} is deleted.")
        return super().form_valid(form)


def over_limit(user):
    # A key for each minute: nothing expires between the two calls.
    key = f"uploads:{user.pk}:{int(time.time()) // 60}"
    cache.add(key, 0, timeout=120)
    return cache.incr(key) > PER_MINUTE


def api(view):
    """A view for app.js: a POST by a user, answered in JSON, errors too."""

    @require_POST
    @wraps(view)
    def wrapper(request):
        if not request.user.is_authenticated:
            return JsonResponse({"error": "Please sign in again."}, status=403)
        try:
            return JsonResponse(view(request))
        except ValidationError as error:
            return JsonResponse({"error": " ".join(error.messages)}, status=400)
        except direct.Refused as error:
            return JsonResponse({"error": str(error)}, status=error.status)

    return wrapper


@api
def sign(request):
    form = TicketForm(request.POST)
    if not form.is_valid():
        raise ValidationError([error for errors in form.errors.values() for error in errors])
    if over_limit(request.user):
        raise direct.Refused("Too many uploads at once. Please wait a minute.", 429)
    return direct.sign(request.user, **form.cleaned_data)


@api
def complete(request):
    upload = direct.finish(request.user, request.POST.get("token", ""))
    return {"html": render_to_string("uploads/_upload.html", {"upload": upload}, request)}
