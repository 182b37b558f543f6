"""Which of Django's own tests of storages fail on S3, by suite and storage, and why.

A test that is not here must pass, and one that is here must fail.
"""

# How many tests ran with Django 5.2.19: fewer, and a suite was not found as a whole.
COLLECTED = {"file_storage": 211, "staticfiles_tests": 189}

# The classes of file_storage that have the tests of FileStorageTests, too: "each." stands for them.
EACH = """
    CustomStorageTests DiscardingFalseContentStorageTests FileStorageTests
    OverwritingStorageOSOpenFlagsTests OverwritingStorageTests
""".split()

# What is different about any storage of files on S3.
FILES_ON_S3 = {
    "it looks at files and folders on a disk": """
    each.test_delete_deletes_directories
    each.test_file_save_broken_symlink
    each.test_file_save_with_path
    each.test_file_save_without_name
    each.test_listdir
    each.test_makedirs_race_handling
    each.test_remove_race_handling
    FileSaveRaceConditionTest.test_race_condition
    FileStoragePathParsing.test_directory_with_dot
    FileStoragePathParsing.test_first_character_dot
    OverwritingStorageOSOpenFlagsTests.test_save_overwrite_behavior
    OverwritingStorageTests.test_save_overwrite_behavior_temp_file""",
    "it asks for path(), which a file on S3 does not have": """
    each.test_file_get_modified_time
    each.test_file_methods_pathlib_path
    each.test_file_path
    each.test_file_storage_preserves_filename_case
    FileStoragePermissions.test_file_upload_default_permissions
    FileStoragePermissions.test_file_upload_directory_default_permissions
    FileStoragePermissions.test_file_upload_directory_permissions
    FileStoragePermissions.test_file_upload_permissions""",
    "S3 keeps one time of an object, that of its last change": """
    each.test_file_get_accessed_time
    each.test_file_get_accessed_time_timezone
    each.test_file_get_created_time
    each.test_file_get_created_time_timezone""",
    "it is about a setting or attribute of FileSystemStorage alone": """
    each.test_base_url
    each.test_empty_location
    each.test_setting_changed
    FileSystemStorageTests.test_lazy_base_url_init
    OverwritingStorageOSOpenFlagsWarningTests.test_os_open_flags_deprecation_warning""",
    "STORAGES has four storages in a project": """
    StorageHandlerTests.test_defaults""",
    "the URL is that of the bucket": """
    each.test_file_url""",
    "the error has another text": """
    GenerateFilenameStorageTests.test_storage_dangerous_paths
    GenerateFilenameStorageTests.test_storage_dangerous_paths_dir_name
    OverwritingStorageTests.test_file_name_truncation_extension_too_long""",
    "it starts a server with the apps of Django's own tests": """
    FileLikeObjectTestCase""",
}

# What is different about any storage of static files on S3.
STATIC_ON_S3 = {
    "--link is refused: it is for local copies": """
    TestCollectionLinks.test_app_files
    TestCollectionLinks.test_broken_symlink
    TestCollectionLinks.test_camelcase_filenames
    TestCollectionLinks.test_clear_broken_symlink
    TestCollectionLinks.test_filename_with_percent_sign
    TestCollectionLinks.test_links_created
    TestCollectionLinks.test_no_remote_link
    TestCollectionLinks.test_nonascii_filenames
    TestCollectionLinks.test_staticfiles_dirs
    TestCollectionLinks.test_staticfiles_dirs_priority
    TestCollectionLinks.test_staticfiles_dirs_subdir
    TestCollectionLinks.test_symlinks_and_files_replaced""",
    "a bucket is always taken for one that has files": """
    TestInteractiveMessages.test_no_warning_for_empty_staticdir""",
    "it publishes nothing first": """
    TestTemplateTag.test_template_tag""",
}

KNOWN: dict[tuple[str, str], dict[str, str]] = {
    ("file_storage", "ours"): FILES_ON_S3,
    ("file_storage", "stock"): FILES_ON_S3
    | {
        "it deletes a name that is None": """
    each.test_delete_no_name""",
        "it reads a file without its chunks()": """
    each.test_file_chunks_error""",
        "the time is not in the system's zone with USE_TZ = False": """
    each.test_file_get_modified_time_timezone""",
        "it sends text with a wrong MD5": """
    ContentFileStorageTestCase.test_content_saving""",
        "it refuses the name in another way": """
    each.test_file_storage_prevents_directory_traversal""",
    },
    ("staticfiles_tests", "ours"): STATIC_ON_S3
    | {
        "it reads files or folders below STATIC_ROOT, or path(): the files are in the bucket": """
    TestCollectionManifestStorage.test_clear_empties_manifest
    TestCollectionManifestStorage.test_intermediate_files
    TestCollectionManifestStorage.test_manifest_exists
    TestCollectionManifestStorage.test_manifest_hash_v1
    TestInteractiveMessages.test_no_warning_when_staticdir_does_not_exist
    TestStaticFilePermissions.test_collect_static_files_default_permissions
    TestStaticFilePermissions.test_collect_static_files_permissions""",
        "its storage saves one file after the other, or has no open()": """
    TestCollectionClear.test_handle_path_notimplemented
    TestCollectionManifestStorage.test_post_processing
    TestCollectionNeverCopyStorage.test_skips_newer_files_in_remote_storage
    TestCollectionNoPostProcessReplacedPaths.test_collectstatistic_no_post_process_replaced_paths""",
        "it takes the app away that has this project's collectstatic": """
    TestCollectionCustomIgnorePatterns.test_custom_ignore_patterns""",
        "an absolute URL becomes relative to its file, so the hash is another": """
    TestCollectionJSModuleImportAggregationManifestStorage.test_aggregating_modules
    TestCollectionJSModuleImportAggregationManifestStorage.test_module_import
    TestCollectionManifestStorage.test_template_tag_absolute
    TestCollectionManifestStorage.test_template_tag_absolute_root
    TestCollectionManifestStorage.test_template_tag_relative""",
        "files that refer to each other in a circle are published": """
    TestCollectionManifestStorage.test_import_loop""",
        "with manifest_strict = False, a name that is not in the manifest stays as it is": """
    TestCollectionManifestStorage.test_missing_entry""",
        "the error has another class, or another text": """
    TestCollectionManifestStorage.test_post_processing_failure
    TestCollectionManifestStorage.test_post_processing_nonutf8
    TestConfiguration.test_location_empty""",
        "collectstatic says what it published in words of its own": """
    TestCollectionVerbosity.test_verbosity_1
    TestCollectionVerbosity.test_verbosity_2""",
        "docs/static-files.md: file_hash() must return a hash": """
    TestCollectionNoneHashStorage.test_hashed_name""",
        "docs/static-files.md: refused by name": """
    TestCustomManifestStorage.test_read_manifest
    TestCustomManifestStorage.test_read_manifest_nonexistent
    TestCustomManifestStorage.test_save_manifest_create
    TestCustomManifestStorage.test_save_manifest_override
    TestExtraPatternsStorage.test_multi_extension_patterns""",
    },
    ("staticfiles_tests", "stock"): STATIC_ON_S3
    | {
        "it reads files or folders below STATIC_ROOT, or path(): the files are in the bucket": """
    TestCollectionClear.test_dir_not_exists
    TestCollectionManifestStorage.test_clear_empties_manifest
    TestCollectionManifestStorage.test_intermediate_files
    TestCollectionManifestStorage.test_manifest_exists
    TestInteractiveMessages.test_no_warning_when_staticdir_does_not_exist
    TestStaticFilePermissions.test_collect_static_files_default_permissions
    TestStaticFilePermissions.test_collect_static_files_permissions""",
        "its storage has no open(), or a time of a disk": """
    TestCollectionClear.test_handle_path_notimplemented
    TestCollectionNeverCopyStorage.test_skips_newer_files_in_remote_storage""",
        "its manifest is an object, which has no permissions of a file": """
    TestCollectionManifestStorage.test_manifest_does_not_ignore_permission_error""",
        "collectstatic names no folder": """
    TestCollectionVerbosity.test_verbosity_1
    TestCollectionVerbosity.test_verbosity_2""",
        "a location may be empty": """
    TestConfiguration.test_location_empty""",
    },
}


def list_known(suite: str, whose: str) -> set[str]:
    names = " ".join(KNOWN[suite, whose].values()).split()
    return {name.replace("each", test_class) for name in names for test_class in EACH}
