from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.files.storage import default_storage
from django.http import JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse, reverse_lazy
from django.utils.decorators import method_decorator
from django.views.decorators.cache import cache_control
from django.views.generic import DeleteView, ListView

from s3files.views import FileView

from .forms import UploadForm
from .models import Upload

# What the form's errors are in HTTP; 400, if not named here.
STATUSES = {"processing": 202, "storage": 503}


# The page has links that open the files: no cache between may keep it.
@method_decorator(cache_control(private=True), name="dispatch")
class OwnUploadsMixin(LoginRequiredMixin):
    """Everybody sees, and deletes, their own files alone."""

    def get_queryset(self):
        return Upload.objects.filter(owner=self.request.user)


class UploadList(OwnUploadsMixin, ListView):
    template_name = "uploads/list.html"
    paginate_by = 60

    def get_context_data(self, **kwargs):
        form = kwargs.pop("form", None) or UploadForm(user=self.request.user)
        rules = form.fields["files"].policy
        return super().get_context_data(
            form=form,
            rules=rules,
            steps=reverse("s3files:begin").removesuffix("begin/"),
            types=sorted(one.lstrip(".") for one in rules.extensions),
            public=not default_storage.querystring_auth,
            **kwargs,
        )

    def post(self, request):
        """Record files that went straight to S3, or that are in the form itself."""
        form = UploadForm(request.POST, request.FILES, user=request.user)
        if not form.is_valid():
            return self.refuse(form)
        uploads = [Upload.record(request.user, file) for file in form.cleaned_data["files"]]
        if wants_json(request):
            html = render_to_string("uploads/_uploads.html", {"uploads": uploads}, request)
            return JsonResponse({"html": html})
        for upload in uploads:
            messages.success(request, f"{upload.name} is uploaded.")
        return redirect("uploads")

    def refuse(self, form):
        if wants_json(self.request):
            codes = {error.code for error in form.errors.as_data()["files"]}
            status = STATUSES.get(*codes, 400) if len(codes) == 1 else 400
            return JsonResponse({"error": " ".join(form.errors["files"])}, status=status)
        self.object_list = self.get_queryset()
        return self.render_to_response(self.get_context_data(form=form), status=400)


class UploadDelete(OwnUploadsMixin, DeleteView):
    template_name = "uploads/confirm_delete.html"
    success_url = reverse_lazy("uploads")

    def form_valid(self, form):
        messages.success(self.request, f"{self.object.name} is deleted.")
        return super().form_valid(form)


class UploadFile(FileView):
    """The link to a file: it stays the same, and asks who may read."""

    model = Upload

    def has_permission(self, request, instance):
        return instance.owner == request.user

    def get_filename(self, instance):
        return instance.name


def wants_json(request):
    return request.accepts("application/json") and not request.accepts("text/html")
