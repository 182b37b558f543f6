from django.contrib import messages
from django.contrib.auth.mixins import LoginRequiredMixin
from django.core.files.storage import default_storage
from django.http import JsonResponse
from django.shortcuts import redirect
from django.template.loader import render_to_string
from django.urls import reverse_lazy
from django.utils.decorators import method_decorator
from django.utils.http import urlencode
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.cache import cache_control
from django.views.generic import DeleteView, ListView

from s3files.views import BoundedPaginator, FileView

from .forms import UploadForm
from .models import Upload

# The HTTP status for an error's code; 400 for all other codes.
STATUSES = {"processing": 202, "storage": 503}
# How the page can be ordered; the first is the default.
ORDERS = {
    "-created": gettext_lazy("Newest first"),
    "created": gettext_lazy("Oldest first"),
    "name": gettext_lazy("By name"),
    "-size": gettext_lazy("Largest first"),
}
# A shorter list needs no search.
SEARCHED_FROM = 12


# The page has links that open private files, so no shared cache may keep it.
@method_decorator(cache_control(private=True), name="dispatch")
class OwnUploadsMixin(LoginRequiredMixin):
    """Users see and delete only their own files."""

    def get_queryset(self):
        return Upload.objects.filter(owner=self.request.user)


class UploadList(OwnUploadsMixin, ListView):
    template_name = "uploads/list.html"
    paginate_by = 60
    paginator_class = BoundedPaginator

    @property
    def query(self):
        # PostgreSQL refuses a null character.
        return self.request.GET.get("q", "").replace("\0", "").strip()

    @property
    def order(self):
        wanted = self.request.GET.get("sort")
        return wanted if wanted in ORDERS else next(iter(ORDERS))

    @property
    def has_many(self):
        return self.object_list[:SEARCHED_FROM].count() == SEARCHED_FROM

    def get_queryset(self):
        own = super().get_queryset()
        found = own.filter(name__icontains=self.query) if self.query else own
        return found.order_by(self.order, "pk")

    def get_context_data(self, **kwargs):
        form = kwargs.pop("form", None) or UploadForm(request=self.request)
        search = urlencode({"q": self.query, "sort": self.order}) + "&"
        return super().get_context_data(
            form=form,
            types=[one.lstrip(".") for one in form.accept.split(",")],
            public=not default_storage.querystring_auth,
            query=self.query,
            order=self.order,
            orders=ORDERS.items(),
            search=search,
            is_searchable=bool(self.query) or self.has_many,
            **kwargs,
        )

    def post(self, request):
        """Record files that went straight to S3, and files in the form itself."""
        form = UploadForm(request.POST, request.FILES, request=request)
        if not form.is_valid():
            return self.refuse(form)
        uploads = form.save()
        if wants_json(request):
            html = render_to_string("uploads/_uploads.html", {"uploads": uploads}, request)
            return JsonResponse({"html": html})
        for upload in uploads:
            messages.success(request, _("%(name)s was uploaded.") % {"name": upload.name})
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
        messages.success(self.request, _("%(name)s was deleted.") % {"name": self.object.name})
        return super().form_valid(form)


class UploadFile(FileView):
    """A permanent link to a file. It checks who may read."""

    model = Upload

    def has_permission(self, request, instance):
        return instance.owner == request.user

    def get_filename(self, instance):
        return instance.name


def wants_json(request):
    return request.accepts("application/json") and not request.accepts("text/html")
