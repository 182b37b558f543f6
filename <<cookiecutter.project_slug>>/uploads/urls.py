from django.contrib.auth.views import LoginView, LogoutView
from django.urls import path

from . import views

urlpatterns = [
    path("", views.UploadList.as_view(), name="uploads"),
    path("uploads/<uuid:pk>/file/", views.UploadFile.as_view(), name="upload-file"),
    path("uploads/<uuid:pk>/delete/", views.UploadDelete.as_view(), name="upload-delete"),
    path("accounts/login/", LoginView.as_view(redirect_authenticated_user=True), name="login"),
    path("accounts/logout/", LogoutView.as_view(), name="logout"),
]
