"""The enumerations of the certificate profile types, in bit or value order (GRAPH.md 1.4).

They are open: a member that is not listed here passes through the models unchanged. The classes
name the known members for comparisons (`profile.key_size == KeySize.SIZE_2048`) and for messages.
A class is named like Graph's type, with a capital letter.
"""

from enum import StrEnum
from typing import Final


class KeyUsages(StrEnum):
    """`keyUsages`, a flags type: what the key may be used for."""

    KEY_ENCIPHERMENT = "keyEncipherment"
    DIGITAL_SIGNATURE = "digitalSignature"


class HashAlgorithms(StrEnum):
    """`hashAlgorithms`, a flags type: the hash of the certificate request."""

    SHA1 = "sha1"
    SHA2 = "sha2"


class SubjectAlternativeNameType(StrEnum):
    """`subjectAlternativeNameType`, a flags type; as `sanType` always one member in practice."""

    NONE = "none"
    EMAIL_ADDRESS = "emailAddress"
    USER_PRINCIPAL_NAME = "userPrincipalName"
    CUSTOM_AZURE_AD_ATTRIBUTE = "customAzureADAttribute"
    DOMAIN_NAME_SERVICE = "domainNameService"
    UNIVERSAL_RESOURCE_IDENTIFIER = "universalResourceIdentifier"


class KeySize(StrEnum):
    """`keySize`, in bits."""

    SIZE_1024 = "size1024"
    SIZE_2048 = "size2048"
    SIZE_4096 = "size4096"


class CertificateStore(StrEnum):
    """`certificateStore`: the store of the user or of the device."""

    USER = "user"
    MACHINE = "machine"


class CertificateValidityPeriodScale(StrEnum):
    """`certificateValidityPeriodScale`: the unit of the validity period."""

    DAYS = "days"
    MONTHS = "months"
    YEARS = "years"


class KeyStorageProviderOption(StrEnum):
    """`keyStorageProviderOption`: where Windows keeps the private key."""

    USE_TPM_KSP_OTHERWISE_USE_SOFTWARE_KSP = "useTpmKspOtherwiseUseSoftwareKsp"
    USE_TPM_KSP_OTHERWISE_FAIL = "useTpmKspOtherwiseFail"
    USE_PASSPORT_FOR_WORK_KSP_OTHERWISE_FAIL = "usePassportForWorkKspOtherwiseFail"
    USE_SOFTWARE_KSP = "useSoftwareKsp"


class SubjectNameFormat(StrEnum):
    """`subjectNameFormat`; the admin center writes only `custom` today (DOMAIN.md 5.1)."""

    COMMON_NAME = "commonName"
    COMMON_NAME_INCLUDING_EMAIL = "commonNameIncludingEmail"
    COMMON_NAME_AS_EMAIL = "commonNameAsEmail"
    CUSTOM = "custom"
    COMMON_NAME_AS_IMEI = "commonNameAsIMEI"
    COMMON_NAME_AS_SERIAL_NUMBER = "commonNameAsSerialNumber"
    COMMON_NAME_AS_AAD_DEVICE_ID = "commonNameAsAadDeviceId"
    COMMON_NAME_AS_INTUNE_DEVICE_ID = "commonNameAsIntuneDeviceId"
    COMMON_NAME_AS_DURABLE_DEVICE_ID = "commonNameAsDurableDeviceId"


class AppleSubjectNameFormat(StrEnum):
    """`appleSubjectNameFormat`: the formats of iOS and macOS."""

    COMMON_NAME = "commonName"
    COMMON_NAME_AS_EMAIL = "commonNameAsEmail"
    CUSTOM = "custom"
    COMMON_NAME_INCLUDING_EMAIL = "commonNameIncludingEmail"
    COMMON_NAME_AS_IMEI = "commonNameAsIMEI"
    COMMON_NAME_AS_SERIAL_NUMBER = "commonNameAsSerialNumber"


class CertificateDestinationStore(StrEnum):
    """`certificateDestinationStore`: the Windows store of a trusted certificate."""

    COMPUTER_CERT_STORE_ROOT = "computerCertStoreRoot"
    COMPUTER_CERT_STORE_INTERMEDIATE = "computerCertStoreIntermediate"
    USER_CERT_STORE_INTERMEDIATE = "userCertStoreIntermediate"


class AndroidDeviceOwnerCertificateAccessType(StrEnum):
    """`androidDeviceOwnerCertificateAccessType`: which apps may use the certificate."""

    USER_APPROVAL = "userApproval"
    SPECIFIC_APPS = "specificApps"
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue"


class AppleDeploymentChannel(StrEnum):
    """`appleDeploymentChannel`: how macOS receives the profile."""

    DEVICE_CHANNEL = "deviceChannel"
    USER_CHANNEL = "userChannel"
    UNKNOWN_FUTURE_VALUE = "unknownFutureValue"


class DeviceManagementApplicabilityRuleType(StrEnum):
    """`deviceManagementApplicabilityRuleType`."""

    INCLUDE = "include"
    EXCLUDE = "exclude"


class Windows10EditionType(StrEnum):
    """`windows10EditionType`: the Windows editions an applicability rule names."""

    WINDOWS_10_ENTERPRISE = "windows10Enterprise"
    WINDOWS_10_ENTERPRISE_N = "windows10EnterpriseN"
    WINDOWS_10_EDUCATION = "windows10Education"
    WINDOWS_10_EDUCATION_N = "windows10EducationN"
    WINDOWS_10_MOBILE_ENTERPRISE = "windows10MobileEnterprise"
    WINDOWS_10_HOLOGRAPHIC_ENTERPRISE = "windows10HolographicEnterprise"
    WINDOWS_10_PROFESSIONAL = "windows10Professional"
    WINDOWS_10_PROFESSIONAL_N = "windows10ProfessionalN"
    WINDOWS_10_PROFESSIONAL_EDUCATION = "windows10ProfessionalEducation"
    WINDOWS_10_PROFESSIONAL_EDUCATION_N = "windows10ProfessionalEducationN"
    WINDOWS_10_PROFESSIONAL_WORKSTATION = "windows10ProfessionalWorkstation"
    WINDOWS_10_PROFESSIONAL_WORKSTATION_N = "windows10ProfessionalWorkstationN"
    NOT_CONFIGURED = "notConfigured"
    WINDOWS_10_HOME = "windows10Home"
    WINDOWS_10_HOME_CHINA = "windows10HomeChina"
    WINDOWS_10_HOME_N = "windows10HomeN"
    WINDOWS_10_HOME_SINGLE_LANGUAGE = "windows10HomeSingleLanguage"
    WINDOWS_10_MOBILE = "windows10Mobile"
    WINDOWS_10_IOT_CORE = "windows10IoTCore"
    WINDOWS_10_IOT_CORE_COMMERCIAL = "windows10IoTCoreCommercial"


class Windows10DeviceModeType(StrEnum):
    """`windows10DeviceModeType`: the Windows modes an applicability rule names."""

    STANDARD_CONFIGURATION = "standardConfiguration"
    S_MODE_CONFIGURATION = "sModeConfiguration"


FLAGS: Final[frozenset[type[StrEnum]]] = frozenset(
    {KeyUsages, HashAlgorithms, SubjectAlternativeNameType}
)
"""Types whose value on the wire is a comma-separated string of members."""

ENUMS: Final[dict[str, type[StrEnum]]] = {
    f"microsoft.graph.{enum.__name__[0].lower()}{enum.__name__[1:]}": enum
    for enum in (
        KeyUsages,
        HashAlgorithms,
        SubjectAlternativeNameType,
        KeySize,
        CertificateStore,
        CertificateValidityPeriodScale,
        KeyStorageProviderOption,
        SubjectNameFormat,
        AppleSubjectNameFormat,
        CertificateDestinationStore,
        AndroidDeviceOwnerCertificateAccessType,
        AppleDeploymentChannel,
        DeviceManagementApplicabilityRuleType,
        Windows10EditionType,
        Windows10DeviceModeType,
    )
}
"""Graph's type name to the enumeration of its known members."""
