from django.contrib import admin
from django.contrib.auth import views as auth
from django.contrib.staticfiles.urls import staticfiles_urlpatterns
from django.urls import include, path
from django.views.decorators.cache import cache_control
from django.views.generic import TemplateView

favicon = TemplateView.as_view(template_name="favicon.svg", content_type="image/svg+xml")

# Django documentation: "Adding a password reset feature". The names are what the admin looks for.
password_reset = [
    path("", auth.PasswordResetView.as_view(), name="admin_password_reset"),
    path("sent/", auth.PasswordResetDoneView.as_view(), name="password_reset_done"),
    path(
        "<uidb64>/<token>/",
        auth.PasswordResetConfirmView.as_view(),
        name="password_reset_confirm",
    ),
    path("complete/", auth.PasswordResetCompleteView.as_view(), name="password_reset_complete"),
]

# 503 if the database is locked or unavailable, or the disk is full.
handler500 = "s3files.middleware.answer_failure"

urlpatterns = [
    path("admin/", admin.site.urls),
    path("password-reset/", include(password_reset)),
    # Browsers request it without a link. It is a template, so it needs neither S3 nor the manifest.
    path("favicon.ico", cache_control(max_age=86400)(favicon)),
    path("s3files/", include("s3files.urls")),
    #% if cookiecutter.example_app == "yes"
    path("", include("uploads.urls")),
    #% else
    path("", TemplateView.as_view(template_name="start.html"), name="start"),
    #% endif
    # In DEBUG alone, for servers other than runserver: gunicorn, uvicorn.
    *staticfiles_urlpatterns(),
]
