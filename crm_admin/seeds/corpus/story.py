"""The demo company: Sao Mai Equipment sells and services coffee and kitchen machines in three cities."""

from __future__ import annotations

from typing import NamedTuple

from crm_admin.seeds.corpus.places import Address

COMPANY = "Sao Mai Equipment"
LEGAL_NAME = "Công ty TNHH Thiết bị Sao Mai Equipment"
DOMAIN = "sao-mai-equipment.example"
CURRENCY = "VND"
LANGUAGE = "vi"
TIME_ZONE = "Asia/Ho_Chi_Minh"


class Branch(NamedTuple):
    """A place of business and the IANA time zone it works in."""

    key: str
    name: str
    address: Address
    time_zone: str


class Team(NamedTuple):
    """People who share their customers, at one branch; its name per language."""

    key: str
    branch: str
    names: dict[str, str]


class ProductLine(NamedTuple):
    """A family of the catalogue; `key` is the `line` of its products."""

    key: str
    names: dict[str, str]


class Colleague(NamedTuple):
    """Somebody who signs in to the demo. `team` is the key of a Team, `language` one of en, vi, zh."""

    username: str
    role: str
    family: str
    middle: str
    given: str
    team: str
    language: str
    time_zone: str

    @property
    def email(self) -> str:
        """The work address, at the company's reserved domain."""
        return f"{self.username}@{DOMAIN}"


BRANCHES = (
    Branch(
        "hcm",
        "Hồ Chí Minh",
        Address(
            street="214 Nguyễn Thị Minh Khai",
            ward="Phường Võ Thị Sáu",
            district="Quận 3",
            province="TP. Hồ Chí Minh",
            city="Hồ Chí Minh",
            postal_code="72400",
            country="VN",
            lat=10.7796,
            lon=106.6896,
        ),
        "Asia/Ho_Chi_Minh",
    ),
    Branch(
        "hanoi",
        "Hà Nội",
        Address(
            street="58 Duy Tân",
            ward="Phường Dịch Vọng",
            district="Quận Cầu Giấy",
            province="Hà Nội",
            city="Hà Nội",
            postal_code="11300",
            country="VN",
            lat=21.0312,
            lon=105.7846,
        ),
        "Asia/Ho_Chi_Minh",
    ),
    Branch(
        "shenzhen",
        "深圳",
        Address(
            street="科苑路88号",
            ward="粤海街道",
            district="南山区",
            province="广东省",
            city="深圳",
            postal_code="518052",
            country="CN",
            lat=22.5405,
            lon=113.946,
        ),
        "Asia/Shanghai",
    ),
)

TEAMS = (
    Team(
        "hcm_sales",
        "hcm",
        {"en": "Ho Chi Minh City sales", "vi": "Kinh doanh Hồ Chí Minh", "zh": "胡志明市销售"},
    ),
    Team("hanoi_sales", "hanoi", {"en": "Hanoi sales", "vi": "Kinh doanh Hà Nội", "zh": "河内销售"}),
    Team("shenzhen", "shenzhen", {"en": "Shenzhen", "vi": "Thâm Quyến", "zh": "深圳"}),
    Team("service", "hcm", {"en": "Service", "vi": "Kỹ thuật", "zh": "售后服务"}),
    Team("call_centre", "hcm", {"en": "Call centre", "vi": "Tổng đài", "zh": "呼叫中心"}),
)

PRODUCT_LINES = (
    ProductLine("espresso", {"en": "Espresso machines", "vi": "Máy pha cà phê", "zh": "咖啡机"}),
    ProductLine("grinder", {"en": "Grinders", "vi": "Máy xay", "zh": "磨豆机"}),
    ProductLine("kitchen", {"en": "Kitchen equipment", "vi": "Thiết bị bếp", "zh": "厨房设备"}),
    ProductLine("filter", {"en": "Water filters", "vi": "Lọc nước", "zh": "净水设备"}),
    ProductLine("spare", {"en": "Spare parts", "vi": "Linh kiện", "zh": "配件"}),
    ProductLine("service", {"en": "Service contracts", "vi": "Hợp đồng dịch vụ", "zh": "服务合同"}),
)

PEOPLE = (
    Colleague("admin", "administrator", "Trần", "Minh", "Khôi", "service", "vi", "Asia/Ho_Chi_Minh"),
    Colleague("supervisor", "supervisor", "Lê", "Thị Thu", "Hà", "call_centre", "vi", "Asia/Ho_Chi_Minh"),
    Colleague("agent", "agent", "Nguyễn", "Ngọc", "Anh", "call_centre", "vi", "Asia/Ho_Chi_Minh"),
    Colleague("agent2", "agent", "陈", "", "思雨", "call_centre", "zh", "Asia/Shanghai"),
    Colleague("office", "back_office", "Holloway", "", "Grace", "service", "en", "Asia/Ho_Chi_Minh"),
    Colleague("rep", "rep", "Phạm", "Quốc", "Huy", "hcm_sales", "vi", "Asia/Ho_Chi_Minh"),
    Colleague("rep2", "rep", "Đỗ", "Hoàng", "Nam", "hanoi_sales", "vi", "Asia/Ho_Chi_Minh"),
    Colleague("viewer", "viewer", "林", "", "若彤", "shenzhen", "zh", "Asia/Shanghai"),
)
