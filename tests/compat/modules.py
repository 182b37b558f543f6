"""Which of a rendered project's own tests run on each store. The driver imports this, too."""

MODULES = ("test_storages", "test_uploads", "test_direct_uploads")
# runserver's and the test client's own way with static files: no store has a part in it.
NOT_ABOUT_STORES = {"test_static_files_are_served_without_collectstatic"}
