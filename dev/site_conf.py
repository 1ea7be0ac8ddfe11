"""Sphinx settings for the reference of modules and roles."""

project = "intune.scep"
copyright = "The intune.scep maintainers"  # noqa: A001 - Sphinx's name for it
extensions = ["sphinx_antsibull_ext"]
html_theme = "alabaster"
html_show_sphinx = False
html_copy_source = False
pygments_style = "ansible"
highlight_language = "YAML+Jinja"
default_role = "any"
# Some labels belong to Ansible's own documentation, which is another site.
suppress_warnings = ["ref.ref"]
