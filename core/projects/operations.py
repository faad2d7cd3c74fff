"""What a caller can do with projects; the people in them are in the two files beside this one."""

from core.db import paging
from core.db.work import Work
from core.kernel.caller import PlatformRole, Role
from core.operations import Effect, NotAllowed, RateClass, operation
from core.operations.errors import InvalidRequest, invalid
from core.operations.operation import Example, PageRequest, ProjectRequest
from core.operations.scopes import Toolset
from core.projects import creating, finding, invitation_operations, member_operations
from core.projects.errors import (
    ExternalKeyTaken,
    OwnerRequired,
    PersonNotFound,
    ProjectNotFound,
)
from core.projects.finding import cursor_id
from core.projects.members import get_owner
from core.projects.shapes import (
    CreateProject,
    ProjectCreated,
    ProjectDetails,
    ProjectList,
    ProjectView,
    UpdateProject,
    details,
)


@operation(
    "POST /v1/projects",
    title="Create project",
    toolset=Toolset.PROJECTS,
    effect=Effect.CREATE,
    platform=PlatformRole.OPERATOR,
    rate=RateClass.SENSITIVE,
    raises=(ExternalKeyTaken, OwnerRequired, PersonNotFound),
    examples=(
        Example(
            title="A customer of yours",
            arguments={"name": "Acme", "external_key": "customer-42", "time_zone": "Europe/Berlin"},
        ),
        Example(
            title="Owned by someone who is new here",
            arguments={"name": "Acme", "owner_email": "ada@example.com"},
        ),
    ),
)
async def create_project(work: Work, request: CreateProject) -> ProjectCreated:
    """Create a project: one customer of yours, with its own members, wallets and usage.

    Every project has exactly one owner from the first moment. Name the owner with owner_user_id or
    owner_email, or leave both out to own it yourself; what a backend creates with a key and names
    no owner for belongs to the first platform operator. Someone new is sent an invitation and owns
    the project once they accept. An external_key that is taken is refused: find that project with
    get_project instead of making a second one.
    """
    if request.owner_user_id and request.owner_email:
        raise invalid("owner_email", "leave it out when owner_user_id is given")
    new = creating.NewProject(
        name=request.name,
        external_key=request.external_key,
        time_zone=request.time_zone,
        currency=request.currency,
        locale=request.locale,
    )
    created = await creating.create_project(
        work, new, owner_user_id=request.owner_user_id, owner_email=request.owner_email
    )
    return ProjectCreated.of(
        created.project,
        owner_user_id=created.owner.user_id,
        owner_invitation_id=created.invitation.id if created.invitation else None,
    )


@operation(
    "GET /v1/projects/{project_id}",
    title="Get project",
    toolset=Toolset.PROJECTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(ProjectNotFound,),
    examples=(
        Example(title="My own project", arguments={}),
        Example(title="By your system's key", arguments={"external_key": "customer-42"}),
    ),
)
async def get_project(work: Work, request: ProjectRequest) -> ProjectDetails:
    """Show one project: its settings, its owner, and how many members are billed for."""
    project = await finding.get_project(work)
    return details(project, await get_owner(work), await finding.headcount(work))


@operation(
    "GET /v1/projects",
    title="List projects",
    toolset=Toolset.PROJECTS,
    effect=Effect.READ,
    project=Role.VIEWER,
    platform=PlatformRole.AUDITOR,
    raises=(paging.InvalidCursor,),
    examples=(Example(title="The first ten", arguments={"limit": 10}),),
)
async def list_projects(work: Work, request: PageRequest) -> ProjectList:
    """List the projects you may see, oldest first: all of them, or the one you are bound to."""
    after = cursor_id(request.cursor, "prj")
    found = await finding.list_projects(work, after=after, limit=request.limit + 1)
    page = paging.page(found, request.limit, lambda project: [project.id])
    items = [ProjectView.of(project) for project in page.items]
    return ProjectList(items=items, next_cursor=page.next_cursor)


@operation(
    "PATCH /v1/projects/{project_id}",
    title="Update project",
    toolset=Toolset.PROJECTS,
    effect=Effect.CHANGE,
    project=Role.ADMIN,
    platform=PlatformRole.OPERATOR,
    raises=(ProjectNotFound, ExternalKeyTaken, NotAllowed, InvalidRequest),
    examples=(Example(title="Another name", arguments={"name": "Acme Ltd"}),),
)
async def update_project(work: Work, request: UpdateProject) -> ProjectView:
    """Change a project's name, time zone, currency, locale or external key.

    What is left out stays as it is. A new time zone moves the days and months that usage is told
    in from now on; nothing that was recorded or charged changes. The time zone and the external
    key are for platform operators: quotas and caps begin anew by the project's clocks.
    """
    for name in ("new_external_key", "time_zone"):
        if getattr(request, name) is not None and not work.caller.is_platform:
            # Whoever may move midnight has a day's quota once more with every move.
            raise NotAllowed("update_project", f"the platform role operator, to set {name}")
    named = {
        "name": request.name,
        "time_zone": request.time_zone,
        "currency": request.currency,
        "locale": request.locale,
        "external_key": request.new_external_key,
    }
    changes = {name: value for name, value in named.items() if value is not None}
    if not changes:
        raise invalid("arguments", "say at least one thing to change")
    return ProjectView.of(await creating.update_project(work, changes))


OPERATIONS = (
    create_project,
    get_project,
    list_projects,
    update_project,
    *member_operations.OPERATIONS,
    *invitation_operations.OPERATIONS,
)
