"""A compliance report in the forms that people and machines read. Decides nothing."""

from intune_scep.reports.files import write_reports
from intune_scep.reports.formats import FORMATS, ReportFormat, render

__all__ = ["FORMATS", "ReportFormat", "render", "write_reports"]
